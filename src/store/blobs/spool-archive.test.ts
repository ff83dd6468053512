import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { kindOf } from "../../lib/index.ts";
import { createTar } from "../../lib/tar/index.ts";
import { type BlobStore, openBlobStore } from "./index.ts";

let root: string;
let blobs: BlobStore;
beforeEach(async () => {
  root = mkdtempSync("/dev/shm/berth-spool-");
  blobs = await openBlobStore(root);
});
afterEach(async () => {
  await blobs.close();
  rmSync(root, { recursive: true });
});

const content = randomBytes(3_000_000);
const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
const archive = createTar([
  { name: "./a/", type: "directory" },
  { name: "./a/layer.tar", content },
  { name: "b/layer.tar", type: "symlink", linkName: "../a/layer.tar" },
  { name: "/c", type: "hardlink", linkName: "a/layer.tar" },
  { name: "manifest.json", content: "[]" },
]);
const pieces = (bytes: Buffer): AsyncIterable<Buffer> =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += 65_537) yield bytes.subarray(at, at + 65_537);
    })(),
  );
const left = () => readdirSync(join(root, "blobs/ingest"));
const failure = async (bytes: Buffer, limits?: { entries: number; bytes: number }) => {
  const error = await blobs
    .spool(pieces(bytes), limits === undefined ? {} : { limits })
    .catch((thrown: unknown) => thrown);
  expect(left()).toEqual([]);
  return kindOf(error);
};

test.each([
  ["plain", (bytes: Buffer) => bytes],
  ["gzip", (bytes: Buffer) => gzipSync(bytes, { level: 1 })],
  ["zstd", (bytes: Buffer) => execFileSync("zstd", ["-1c"], { input: bytes, maxBuffer: 1e8 })],
  ["xz", (bytes: Buffer) => execFileSync("xz", ["-0c"], { input: bytes, maxBuffer: 1e8 })],
  ["bzip2", (bytes: Buffer) => execFileSync("bzip2", ["-1c"], { input: bytes, maxBuffer: 1e8 })],
])("a %s archive is spooled, hashed and adopted", async (_name, pack) => {
  const spooled = await blobs.spool(pieces(pack(archive)));
  expect(spooled.entries.map(({ file, ...rest }) => ({ ...rest, kept: file !== undefined }))).toEqual([
    { name: "a/layer.tar", size: content.length, digest, kept: true },
    { name: "b/layer.tar", size: 0, link: { symbolic: true, target: "../a/layer.tar" }, kept: false },
    { name: "c", size: 0, link: { symbolic: false, target: "a/layer.tar" }, kept: false },
    { name: "manifest.json", size: 2, digest: expect.any(String), kept: true },
  ]);
  const [first] = spooled.entries;
  if (first === undefined) throw new Error("no entry");
  expect(await blobs.adopt(first)).toBe(digest);
  expect(readFileSync(blobs.path(digest)).equals(content)).toBe(true);
  await spooled.remove();
  expect(left()).toEqual([]);
});

test("what is broken, too large or leaves the archive fails and leaves nothing", async () => {
  expect(await failure(Buffer.from("no archive at all, but long enough to be read as one".repeat(30)))).toBe("invalid");
  expect(await failure(archive.subarray(0, 100_000))).toBe("invalid");
  expect(await failure(gzipSync(archive).subarray(0, 100_000))).toBe("invalid");
  expect(await failure(createTar([{ name: "../../etc/cron.d/x", content: "x" }]))).toBe("invalid");
  expect(await failure(archive, { entries: 2, bytes: 1e9 })).toBe("exhausted");
  expect(await failure(gzipSync(Buffer.alloc(50_000_000)), { entries: 10, bytes: 1_000_000 })).not.toBe("internal");
  expect(
    await failure(gzipSync(createTar([{ name: "x", content: Buffer.alloc(5_000_000) }])), {
      entries: 9,
      bytes: 1_000_000,
    }),
  ).toBe("exhausted");
  expect(existsSync("/etc/cron.d/x")).toBe(false);
});

test("a source that fails or is aborted leaves nothing", async () => {
  const broken = Readable.from(
    (function* () {
      yield archive.subarray(0, 1000);
      throw new Error("client went away");
    })(),
  );
  await expect(blobs.spool(broken)).rejects.toThrow("client went away");
  const cancel = new AbortController();
  const endless = Readable.from(
    (async function* () {
      yield archive.subarray(0, 1_000_000);
      cancel.abort();
      await new Promise((resolve) => setImmediate(resolve));
      yield archive.subarray(1_000_000);
    })(),
  );
  expect(kindOf(await blobs.spool(endless, { signal: cancel.signal }).catch((error: unknown) => error))).toBe(
    "cancelled",
  );
  expect(left()).toEqual([]);
});
