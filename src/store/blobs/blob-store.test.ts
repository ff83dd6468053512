import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { kindOf } from "../../lib/index.ts";
import { type BlobStore, openBlobStore } from "./index.ts";

let root: string;
let blobs: BlobStore;

beforeEach(async () => {
  root = mkdtempSync("/dev/shm/berth-blobs-");
  blobs = await openBlobStore(root);
});
afterEach(async () => {
  await blobs.close();
  rmSync(root, { recursive: true });
});

const digest = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const kind = async (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(
    () => undefined,
    (error) => kindOf(error),
  );
const partials = (): string[] => readdirSync(join(root, "blobs/ingest"));

test("a streamed blob counts under its digest, private to root", async () => {
  const bytes = randomBytes(5_000_000);
  const writer = await blobs.ingest({ expected: digest(bytes) });
  await pipeline(Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]), writer);
  expect(await writer.committed).toEqual({ digest: digest(bytes), size: bytes.length });
  expect(bytes.equals(await blobs.read(digest(bytes)))).toBe(true);
  expect(statSync(blobs.path(digest(bytes))).mode & 0o777).toBe(0o600);
  expect(statSync(join(root, "blobs")).mode & 0o777).toBe(0o700);
  expect(partials()).toEqual([]);
});

test("bytes of another digest never count and are not kept", async () => {
  const bytes = randomBytes(100_000);
  const writer = await blobs.ingest({ expected: digest(Buffer.from("other")) });
  expect(await kind(pipeline(Readable.from([bytes]), writer))).toBe("corrupt");
  expect(await kind(writer.committed)).toBe("corrupt");
  expect(await blobs.list()).toEqual([]);
  expect(partials()).toEqual([]);
});

test("a broken download is resumed from the bytes that are there", async () => {
  const bytes = randomBytes(3_000_000);
  const first = await blobs.ingest({ expected: digest(bytes) });
  first.on("error", () => {});
  await new Promise((resolve) => first.write(bytes.subarray(0, 2_000_000), resolve));
  first.destroy(new Error("connection reset"));
  await expect(first.committed).rejects.toThrow("connection reset");
  await new Promise((resolve) => (first.closed ? resolve(0) : first.once("close", resolve)));
  expect(blobs.has(digest(bytes))).toBe(false);
  const second = await blobs.ingest({ expected: digest(bytes) });
  expect(second.offset).toBe(2_000_000);
  await pipeline(Readable.from([bytes.subarray(second.offset)]), second);
  expect(bytes.equals(await blobs.read(digest(bytes)))).toBe(true);
});

test("a partial file that was altered fails its digest and is removed", async () => {
  const bytes = randomBytes(50_000);
  writeFileSync(blobs.partialPath(digest(bytes)), randomBytes(1000));
  const writer = await blobs.ingest({ expected: digest(bytes) });
  expect(writer.offset).toBe(1000);
  expect(await kind(pipeline(Readable.from([bytes.subarray(1000)]), writer))).toBe("corrupt");
  expect((await blobs.ingest({ expected: digest(bytes) })).destroy().offset).toBe(0);
});

test("more than the limit is refused while it arrives and leaves nothing", async () => {
  const bytes = randomBytes(400_000);
  const writer = await blobs.ingest({ expected: digest(bytes), limit: 100_000 });
  expect(await kind(pipeline(Readable.from([bytes.subarray(0, 90_000), bytes.subarray(90_000)]), writer))).toBe(
    "exhausted",
  );
  await Promise.allSettled([writer.committed]);
  expect(partials()).toEqual([]);
});

test("two ingests of one digest at once do not write into one file", async () => {
  const bytes = randomBytes(300_000);
  const writers = await Promise.all([0, 1].map(() => blobs.ingest({ expected: digest(bytes) })));
  await Promise.all(writers.map((writer) => pipeline(Readable.from([bytes]), writer)));
  expect(bytes.equals(await blobs.read(digest(bytes)))).toBe(true);
  expect(partials()).toEqual([]);
});

test("an abort signal ends an ingest with kind cancelled", async () => {
  const cancel = new AbortController();
  const writer = await blobs.ingest({ signal: cancel.signal });
  writer.on("error", () => {});
  writer.write(randomBytes(10));
  cancel.abort();
  expect(await kind(writer.committed)).toBe("cancelled");
  await new Promise((resolve) => (writer.closed ? resolve(0) : writer.once("close", resolve)));
  expect(partials()).toEqual([]);
});

test("opening removes what no one can resume and keeps fresh partials", async () => {
  const hex = "a".repeat(64);
  writeFileSync(join(root, "blobs/ingest/tmp-1234"), "x");
  writeFileSync(join(root, `blobs/ingest/${hex}`), "x");
  writeFileSync(join(root, "blobs/sha256/.name.tmp"), "x");
  const again = await openBlobStore(root);
  expect(partials()).toEqual([hex]);
  expect(readdirSync(join(root, "blobs/sha256"))).toEqual([]);
  expect(await again.sweepPartials(new Date(Date.now() + 1000))).toBe(1);
  expect(partials()).toEqual([]);
  await again.close();
});

test("a digest that is not one never becomes a path", async () => {
  for (const bad of [
    "sha256:../../etc/passwd",
    "sha256:abc",
    "",
    `md5:${"a".repeat(32)}`,
    `sha512:${"a".repeat(128)}`,
  ]) {
    expect(() => blobs.path(bad), bad).toThrow();
    expect(await kind(blobs.ingest({ expected: bad })), bad).toBe("invalid");
  }
});

test("small documents: put, read back, verified on reading, limits", async () => {
  const stored = await blobs.put(Buffer.from('{"a":1}'));
  expect(await blobs.readJson(stored)).toEqual({ a: 1 });
  expect(await kind(blobs.put(Buffer.from("x"), stored))).toBe("corrupt");
  expect(await kind(blobs.read(stored, 3))).toBe("exhausted");
  writeFileSync(blobs.path(stored), '{"a":2}');
  expect(await kind(blobs.read(stored))).toBe("corrupt");
  expect(await blobs.remove(stored)).toBe(7);
  expect(await kind(blobs.read(stored))).toBe("not-found");
  expect(await blobs.remove(stored)).toBe(0);
  expect(existsSync(join(root, "blobs/oci-layout"))).toBe(true);
});

test("a packed blob is valid zstd of what was written", async () => {
  const bytes = Buffer.alloc(3_000_000, "some text that packs well ");
  const writer = await blobs.ingest({ pack: true });
  await pipeline(Readable.from([bytes.subarray(0, 5), bytes.subarray(5)]), writer);
  const { digest: packed, size } = await writer.committed;
  expect(size).toBeLessThan(10_000);
  expect(bytes.equals(execFileSync("zstd", ["-dc", blobs.path(packed)], { maxBuffer: 10_000_000 }))).toBe(true);
});
