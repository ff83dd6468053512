import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTar, encodeHeader } from "../../lib/tar/index.ts";
import { digestOf } from "../../spec/index.ts";
import { createTrees, type Trees } from "../trees/index.ts";
import { chainIdOf, type LayerStore, openLayerStore } from "./index.ts";

let base: string;
let trees: Trees;
let store: LayerStore;
const open = (name: string) => openLayerStore({ folder: join(base, name), trees });
beforeAll(async () => {
  base = mkdtempSync("/var/tmp/berth-layers-");
  trees = createTrees();
  store = await open("layers");
});
afterAll(async () => {
  await store.close();
  await trees.remove(base);
  await trees.close();
});

const tarOf = (text: string) => createTar([{ name: "file", content: text }]);
const stream = (...chunks: Buffer[]) => Readable.from(chunks, { objectMode: false });
const leftovers = (at = store) => readdirSync(at.folder).filter((name) => name.startsWith("tmp-"));
const openFiles = () => readdirSync("/proc/self/fd").length;

describe("unpack", () => {
  test("gives chain ids as the image specification does; the record says what was unpacked", async () => {
    const low = await store.unpack({ source: stream(tarOf("low")) });
    const high = await store.unpack({ source: stream(tarOf("high")), parent: low.chainId });
    expect(low.chainId).toBe(low.diffId);
    expect(high.chainId).toBe(digestOf(`${low.chainId} ${digestOf(tarOf("high"))}`));
    expect(store.get(high.chainId)).toMatchObject({ parent: low.chainId, size: 4, diffId: digestOf(tarOf("high")) });
    expect(readFileSync(join(high.path, "file"), "utf8")).toBe("high");
    expect(store.list().map((layer) => layer.chainId)).toEqual(expect.arrayContaining([low.chainId, high.chainId]));
    expect(JSON.parse(readFileSync(join(high.path, "../layer.json"), "utf8"))).toMatchObject({
      schema: 1,
      synced: false,
    });
  });

  test("a layer that is there is not unpacked again, nor twice at once", async () => {
    const tar = tarOf("twice");
    const sources = [1, 2, 3].map(() => stream(tar));
    const layers = await Promise.all(sources.map((source) => store.unpack({ source, expectedDiffId: digestOf(tar) })));
    expect(layers.filter((layer) => layer.source !== undefined)).toHaveLength(1);
    expect(sources.every((source) => source.destroyed)).toBe(true);
    const again = await Promise.all(
      [1, 2].map(() => store.unpack({ source: stream(tar), parent: layers[0]?.chainId ?? "" })),
    );
    expect(again[0]?.path).toBe(again[1]?.path);
    expect(leftovers()).toEqual([]);
  });

  test("a layer of nothing", async () => {
    const layer = await store.unpack({ source: stream(Buffer.alloc(1024)) });
    expect(readdirSync(layer.path)).toEqual([]);
    expect(layer.size).toBe(0);
  });
});

/** A file of zeros, 4 GiB as its header says, which gzip packs 1000 times smaller. */
const bomb = () =>
  Readable.from(
    (function* () {
      const level = { level: 9 };
      yield gzipSync(encodeHeader({ name: "bomb", size: 4 * 1024 ** 3 }), level);
      const zeros = gzipSync(Buffer.alloc(16 * 1024 * 1024), level);
      for (let i = 0; i < 256; i++) yield zeros;
    })(),
    { objectMode: false },
  );
const random = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919 * i) & 0xff));
const big = createTar([{ name: "a", content: Buffer.concat(Array<Buffer>(50).fill(random)) }]);
async function* failing(): AsyncGenerator<Buffer> {
  yield big.subarray(0, 1_000_000);
  throw new Error("the registry hung up");
}

describe("row 14: a failure leaves nothing", () => {
  test.each<[string, () => Parameters<LayerStore["unpack"]>[0], string, string]>([
    ["garbage", () => ({ source: stream(Buffer.from("x".repeat(5000))) }), "invalid", "invalid tar archive"],
    ["a cut archive", () => ({ source: stream(big.subarray(0, 3_000_000)) }), "invalid", "unexpected end"],
    ["a cut gzip", () => ({ source: stream(gzipSync(big).subarray(0, 5000)) }), "invalid", "unexpected end of file"],
    ["damaged gzip", () => ({ source: stream(gzipSync(big).fill(0x55, 2000, 2100)) }), "invalid", "invalid gzip data"],
    [
      "damaged xz",
      () => ({ source: stream(execFileSync("xz", ["-c"], { input: big }).fill(0x55, 100, 160)) }),
      "invalid",
      "invalid xz data",
    ],
    [
      "cut zstd",
      () => ({ source: stream(execFileSync("zstd", ["-c"], { input: big }).subarray(0, 900)) }),
      "invalid",
      "invalid zstd data",
    ],
    [
      "another diff id",
      () => ({ source: stream(tarOf("x")), expectedDiffId: digestOf("y") }),
      "corrupt",
      "does not verify",
    ],
    ["a source that fails", () => ({ source: failing() }), "internal", "the registry hung up"],
    ["a missing blob", () => ({ source: { blobPath: join(base, "nothing") } }), "internal", "no such file"],
    [
      "a compression bomb",
      () => ({ source: bomb(), limits: { contentBytes: 1024 ** 3 } }),
      "exhausted",
      "bytes of content",
    ],
    [
      "a compression bomb, by bytes",
      () => ({ source: bomb(), limits: { archiveBytes: 64 * 1024 ** 2 } }),
      "exhausted",
      "bytes",
    ],
    [
      "too many entries",
      () => ({ source: stream(createTar([{ name: "a" }, { name: "b" }])), limits: { entries: 1 } }),
      "exhausted",
      "entries",
    ],
    [
      "a sparse bomb",
      () => ({ source: stream(createTar([{ name: "a", size: 2 ** 50, sparse: [] }])) }),
      "exhausted",
      "bytes of content",
    ],
    [
      "an entry outside",
      () => ({ source: stream(createTar([{ name: "ok" }, { name: "../x" }])) }),
      "invalid",
      "outside of the layer",
    ],
  ])("%s", async (_, options, kind, message) => {
    const before = store.list().length;
    const unpacking = store.unpack(options());
    await expect(unpacking).rejects.toThrow(message);
    if (kind !== "internal") await expect(unpacking).rejects.toMatchObject({ kind });
    expect(leftovers()).toEqual([]);
    expect(store.list()).toHaveLength(before);
  });

  test("aborted in the middle: of a slow source, and of a file", async () => {
    async function* slow(): AsyncGenerator<Buffer> {
      yield big.subarray(0, 1_000_000);
      await new Promise(() => {});
    }
    const control = new AbortController();
    const unpacking = store.unpack({ source: slow(), signal: control.signal, onProgress: () => control.abort() });
    await expect(unpacking).rejects.toMatchObject({ kind: "cancelled" });
    expect(leftovers()).toEqual([]);
    const already = store.unpack({ source: stream(big), signal: AbortSignal.abort() });
    await expect(already).rejects.toThrow();
    expect(leftovers()).toEqual([]);
  });

  test("while they wait for a thread: aborted, and a source that fails", async () => {
    const held: Readable[] = [];
    const control = new AbortController();
    const hold = Array.from({ length: 4 }, () => {
      const source = new Readable({ read() {} });
      source.push(big.subarray(0, 500_000));
      held.push(source);
      return store.unpack({ source }).catch((error: Error) => error.message);
    });
    const waiting = store.unpack({ source: stream(big), signal: control.signal });
    const broken = new Readable({ read() {} });
    const failed = store.unpack({ source: broken });
    failed.catch(() => {});
    broken.destroy(new Error("gone while waiting"));
    control.abort();
    await expect(waiting).rejects.toMatchObject({ kind: "cancelled" });
    for (const source of held) source.destroy(new Error("enough"));
    expect(await Promise.all(hold)).toEqual(Array(4).fill("enough"));
    await expect(failed).rejects.toThrow("gone while waiting");
    expect(leftovers()).toEqual([]);
  });

  test("row 32: descriptors stay flat over many failures", async () => {
    const fail = () => store.unpack({ source: stream(big.subarray(0, 400_000)) }).catch(() => {});
    await fail();
    const before = openFiles();
    for (let i = 0; i < 40; i++) await fail();
    expect(openFiles()).toBeLessThanOrEqual(before + 2);
  });
});

describe("what is on disk", () => {
  test("a store that is opened again finds its layers, and clears what was never finished", async () => {
    const first = await open("again");
    const layer = await first.unpack({ source: stream(tarOf("kept")) });
    await first.close();
    mkdirSync(join(first.folder, "tmp-0123456789abcdef/diff"), { recursive: true });
    mkdirSync(join(first.folder, "0000000000000000/diff"), { recursive: true });
    writeFileSync(join(first.folder, "0000000000000000/layer.json"), "{");
    const second = await open("again");
    expect(second.get(layer.chainId)).toEqual(first.get(layer.chainId));
    expect(second.list()).toHaveLength(1);
    while (leftovers(second).length > 0) await sleep(5);
    expect(readdirSync(second.folder).sort()).toEqual([".empty", layer.chainId.slice(7, 23)]);
    await second.close();
  });

  test("a layer that had not reached the disk before a reboot is dropped; one that had is kept", async () => {
    const first = await open("boot");
    const synced = await first.unpack({ source: stream(tarOf("synced")) });
    await first.synced();
    const unsynced = await first.unpack({ source: stream(tarOf("unsynced")) });
    await first.close();
    for (const { path } of [synced, unsynced]) {
      const file = join(path, "../layer.json");
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), bootId: "another boot" }));
    }
    const second = await open("boot");
    expect(second.list().map((layer) => layer.chainId)).toEqual([synced.chainId]);
    await second.close();
  });

  test("a record that was moved to another folder, or says what cannot be, is not believed", async () => {
    const first = await open("forged");
    const layer = await first.unpack({ source: stream(tarOf("x")) });
    await first.close();
    const file = join(layer.path, "../layer.json");
    const record = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...record, chainId: chainIdOf(record.diffId, record.diffId) }));
    const second = await open("forged");
    expect(second.list()).toEqual([]);
    await second.close();
  });

  test("a removed layer is gone, and can come back", async () => {
    const layer = await store.unpack({ source: stream(tarOf("removed")) });
    await store.remove(layer.chainId);
    await store.remove(layer.chainId);
    expect(store.get(layer.chainId)).toBeUndefined();
    expect(readdirSync(store.folder)).not.toContain(layer.chainId.slice(7, 23));
    await store.unpack({ source: stream(tarOf("removed")), expectedDiffId: layer.diffId });
    expect(store.get(layer.chainId)).toBeDefined();
  });
});
