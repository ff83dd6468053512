import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeTree, makeNastyTree } from "../testing/nasty-tree.ts";
import { createTrees, type Trees } from "../trees/index.ts";
import { type LayerStore, openLayerStore } from "./index.ts";

const asRoot = process.getuid?.() === 0;
let base: string;
let trees: Trees;
let store: LayerStore;
const umoci = process.env.BERTH_TEST_UMOCI ?? "umoci";
const hasUmoci = spawnSync(umoci, ["--version"]).status === 0;
const at = (...names: string[]) => join(base, ...names);
const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd: base, stdio: ["ignore", "pipe", "pipe"] });

beforeAll(async () => {
  base = mkdtempSync("/var/tmp/berth-unpack-");
  trees = createTrees();
  store = await openLayerStore({ folder: at("layers"), trees });
  if (!asRoot) return;
  mkdirSync(at("nasty"));
  makeNastyTree(at("nasty"));
});
afterAll(async () => {
  await store.close();
  await trees.remove(base);
  await trees.close();
});

const XATTRS = ["--xattrs", "--xattrs-include=*"];
const FORMATS: [string, string[]][] = [
  ["pax, sparse 1.0", ["-H", "posix", ...XATTRS, "-S", "--sparse-version=1.0"]],
  ["pax, sparse 0.1", ["-H", "posix", ...XATTRS, "-S", "--sparse-version=0.1"]],
  ["pax, sparse 0.0", ["-H", "posix", ...XATTRS, "-S", "--sparse-version=0.0"]],
  ["pax, no holes", ["-H", "posix", ...XATTRS]],
  ["GNU, sparse", ["-H", "gnu", "-S"]],
  ["GNU", ["-H", "gnu"]],
];

describe.runIf(asRoot)("a nasty tree comes out as GNU tar and umoci unpack it", () => {
  test.each(FORMATS)("%s", async (name, options) => {
    const archive = at(`${name}.tar`);
    run("tar", "-C", "nasty", ...options, "-cf", archive, ".");
    mkdirSync(at(`${name}.gnu`));
    run("tar", "-C", `${name}.gnu`, ...XATTRS, "--numeric-owner", "-xpf", archive);
    const layer = await store.unpack({ source: { blobPath: archive } });
    expect(describeTree(layer.path)).toEqual(describeTree(at(`${name}.gnu`)));
    const tar = readFileSync(archive);
    expect(layer.diffId).toBe(`sha256:${createHash("sha256").update(tar).digest("hex")}`);
    expect(layer.tarBytes).toBe(tar.length);
    expect(layer.size).toBe((await trees.diskUsage(layer.path)).bytes);
    if (options.includes("-S")) {
      expect(statSync(join(layer.path, "etc/holes")).blocks).toBe(statSync(at("nasty/etc/holes")).blocks);
      expect(statSync(join(layer.path, "etc/all-hole")).blocks).toBe(0);
    }
  });

  test.runIf(hasUmoci)("umoci", async () => {
    const archive = at("umoci.tar");
    run("tar", "-C", "nasty", "-H", "posix", ...XATTRS, "-cf", archive, ".");
    run(umoci, "init", "--layout", "oci");
    run(umoci, "new", "--image", "oci:x");
    run(umoci, "raw", "add-layer", "--image", "oci:x", archive);
    run(umoci, "unpack", "--image", "oci:x", "bundle");
    const layer = await store.unpack({ source: { blobPath: archive } });
    // umoci loses attributes without a value.
    const ours = describeTree(layer.path).filter((line) => line !== "user.empty=0x");
    expect(ours).toEqual(describeTree(at("bundle/rootfs")));
  });
});

describe.runIf(asRoot)("sources", () => {
  test.each(["gzip", "zstd", "xz", "bzip2"] as const)("%s, from a file and from a stream", async (program) => {
    run("tar", "-C", "nasty", "-H", "gnu", "-cf", "plain.tar", ".");
    const packed = at(`packed.${program}`);
    run("bash", "-c", `${program} -c < plain.tar > ${packed}`);
    const expected = `sha256:${createHash("sha256")
      .update(readFileSync(at("plain.tar")))
      .digest("hex")}`;
    for (const source of [{ blobPath: packed }, createReadStream(packed, { highWaterMark: 10_000 })]) {
      const progress: number[] = [];
      const layer = await store.unpack({ source, hashSource: true, onProgress: (bytes) => progress.push(bytes) });
      expect(layer.diffId).toBe(expected);
      const digest = `sha256:${createHash("sha256").update(readFileSync(packed)).digest("hex")}`;
      expect(layer.source).toEqual({ bytes: statSync(packed).size, digest, compression: program });
      expect(progress.at(-1)).toBe(statSync(packed).size);
      await store.remove(layer.chainId);
    }
  });

  test("row 16: nobody but the owner of the store reaches a setuid file in a layer", async () => {
    run("tar", "-C", "nasty", "-cf", "suid.tar", "bin");
    const layer = await store.unpack({ source: { blobPath: at("suid.tar") } });
    expect(statSync(join(layer.path, "bin/suid")).mode & 0o7777).toBe(0o4755);
    const asNobody = () =>
      run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "ls", join(layer.path, "bin/suid"));
    expect(asNobody).toThrow("Permission denied");
    for (const folder of [store.folder, join(layer.path, "..")]) expect(statSync(folder).mode & 0o077).toBe(0);
  });
});

test("nothing temporary is left", () => {
  expect(readdirSync(store.folder).filter((name) => name.startsWith("tmp-"))).toEqual([]);
  rmSync(at("nasty"), { recursive: true, force: true });
});
