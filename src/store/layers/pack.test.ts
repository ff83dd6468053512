import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createTar, type TarEntry, TarParser } from "../../lib/tar/index.ts";
import { describeTree, makeNastyTree } from "../testing/nasty-tree.ts";
import { createTrees, type Trees } from "../trees/index.ts";
import { createPacker, type LayerStore, openLayerStore, type Packer } from "./index.ts";

const asRoot = process.getuid?.() === 0;
let base: string;
let trees: Trees;
let store: LayerStore;
let packer: Packer;
const at = (...names: string[]) => join(base, ...names);

beforeAll(async () => {
  base = mkdtempSync("/var/tmp/berth-pack-");
  trees = createTrees();
  store = await openLayerStore({ folder: at("layers"), trees });
  packer = createPacker();
  mkdirSync(at("nasty"));
  if (asRoot) makeNastyTree(at("nasty"));
});
afterAll(async () => {
  await packer.close();
  await store.close();
  await trees.remove(base);
  await trees.close();
});

const sha256 = (path: string) => `sha256:${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
function entriesOf(archive: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  const parser = new TarParser({ entry: (entry) => entries.push(entry), data: () => {}, end: () => {} });
  parser.write(archive);
  parser.end();
  return entries;
}
const namesOf = (archive: Buffer) => entriesOf(archive).map(({ name }) => name.toString());

describe.runIf(asRoot)("a nasty tree packed", () => {
  test.each([false, true])("is unpacked by GNU tar as it was (sparse: %s)", async (sparse) => {
    const archive = at(`gnu-${sparse}.tar`);
    await packer.toFile(archive, { path: at("nasty"), form: "tree", compression: "none", root: true, sparse });
    mkdirSync(at(`gnu-${sparse}`));
    execFileSync("tar", [
      "-C",
      at(`gnu-${sparse}`),
      "--xattrs",
      "--xattrs-include=*",
      "--numeric-owner",
      "-xpf",
      archive,
    ]);
    expect(describeTree(at(`gnu-${sparse}`))).toEqual(describeTree(at("nasty")));
    const holes = statSync(at(`gnu-${sparse}`, "etc/holes")).blocks * 512;
    expect(holes < 1_000_000).toBe(sparse);
  });

  test.each(["none", "gzip", "zstd"] as const)("comes back as a layer: %s", async (compression) => {
    const archive = at(`layer.${compression}`);
    const result = await packer.toFile(archive, {
      path: at("nasty"),
      form: "layer",
      compression,
      root: true,
      sparse: true,
    });
    expect(result).toMatchObject({ bytes: statSync(archive).size, digest: sha256(archive) });
    const layer = await store.unpack({ source: { blobPath: archive }, expectedDiffId: result.diffId });
    expect(layer.tarBytes).toBe(result.tarBytes);
    expect(describeTree(layer.path)).toEqual(describeTree(at("nasty")));
  });

  test("gives the same bytes each time, as a file and as a stream, whatever the order on disk", async () => {
    execFileSync("cp", ["-a", at("nasty"), at("copied")]);
    await packer.toFile(at("first.tar"), { path: at("nasty"), form: "tree", compression: "gzip", root: true });
    const stream = packer.toStream({ path: at("copied"), form: "tree", compression: "gzip", root: true });
    await pipeline(stream, createWriteStream(at("second.tar")));
    expect(sha256(at("second.tar"))).toBe(sha256(at("first.tar")));
  });
});

describe.runIf(asRoot)("overlay's marks", () => {
  test("become whiteouts in a layer, and come back", async () => {
    const below = await store.unpack({
      source: (async function* () {
        yield createTar([{ name: "x" }]);
      })(),
    });
    const archive = createTar([
      { name: "d/", type: "directory", xattrs: new Map([["trusted.overlay.redirect", Buffer.from("/x")]]) },
      { name: "d/.wh..wh..opq", mode: 0 },
      { name: "d/.wh.gone", mode: 0 },
      { name: "d/kept", content: "x" },
    ]);
    const layer = await store.unpack({
      source: (async function* () {
        yield archive;
      })(),
      parent: below.chainId,
    });
    const { diffId } = await packer.toFile(at("marks.tar"), { path: layer.path, form: "layer", compression: "none" });
    const packed = readFileSync(at("marks.tar"));
    expect(namesOf(packed)).toEqual(["d/", "d/.wh..wh..opq", "d/.wh.gone", "d/kept"]);
    expect(entriesOf(packed)[0]?.xattrs).toEqual(new Map([["trusted.overlay.redirect", Buffer.from("/x")]]));
    const again = await store.unpack({
      source: { blobPath: at("marks.tar") },
      parent: layer.chainId,
      expectedDiffId: diffId,
    });
    // A whiteout has no time of its own, nor has a root that no entry describes.
    const lasting = (path: string) =>
      describeTree(path).filter((line) => !line.includes("gone") && !line.endsWith(" "));
    expect(lasting(again.path)).toEqual(lasting(layer.path));
    expect(readdirSync(join(again.path, "d"))).toEqual(readdirSync(join(layer.path, "d")));
    expect(statSync(again.path).mode & 0o7777).toBe(0o755);
  });
});

describe("options and failures", () => {
  test("later times are clamped, earlier ones kept", async () => {
    mkdirSync(at("times"));
    writeFileSync(at("times/old"), "");
    writeFileSync(at("times/new"), "");
    utimesSync(at("times/old"), 1, 1);
    await packer.toFile(at("times.tar"), {
      path: at("times"),
      form: "tree",
      compression: "none",
      clampTime: 5_000_000_000n,
    });
    const times = entriesOf(readFileSync(at("times.tar"))).map(({ name, mtime }) => [name.toString(), mtime]);
    expect(times).toEqual([
      ["new", 5_000_000_000n],
      ["old", 1_000_000_000n],
    ]);
  });

  test("a stream of a tree that is not there fails; a file that is there is not written over", async () => {
    const stream = packer.toStream({ path: at("nothing"), form: "tree", compression: "none" });
    await expect(stream.toArray()).rejects.toThrow("ENOENT");
    writeFileSync(at("mine"), "mine");
    await expect(packer.toFile(at("mine"), { path: at("times"), form: "tree", compression: "none" })).rejects.toThrow(
      "EEXIST",
    );
    expect(readFileSync(at("mine"), "utf8")).toBe("mine");
  });

  test("a reader that leaves stops the work; descriptors stay flat", async () => {
    mkdirSync(at("big"));
    writeFileSync(at("big/file"), Buffer.alloc(30_000_000));
    const leave = async () => {
      for await (const chunk of packer.toStream({ path: at("big"), form: "tree", compression: "none" })) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
    };
    await Promise.all([leave(), leave(), leave()]);
    const before = readdirSync("/proc/self/fd").length;
    for (let i = 0; i < 30; i++) await leave();
    // The last ones are still being stopped.
    await vi.waitFor(() => expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before + 2), 10_000);
  });

  test("a slow reader holds the work back", async () => {
    const stream = packer.toStream({ path: at("big"), form: "tree", compression: "none" });
    const hash = createHash("sha256");
    let length = 0;
    for await (const chunk of stream) {
      length += chunk.length;
      hash.update(chunk);
      if (length < 5_000_000) await new Promise((resolve) => setImmediate(resolve));
    }
    const { digest, bytes } = await packer.toFile(at("big.tar"), {
      path: at("big"),
      form: "tree",
      compression: "none",
    });
    expect([length, `sha256:${hash.digest("hex")}`]).toEqual([bytes, digest]);
  });
});
