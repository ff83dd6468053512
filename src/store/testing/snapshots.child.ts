import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTar, type TarMember } from "../../lib/tar/index.ts";
import { readMounts } from "../../system/index.ts";
import { createPacker, openLayerStore } from "../layers/index.ts";
import { createSnapshots } from "../snapshots.ts";
import { createTrees } from "../trees/index.ts";
import { describeTree } from "./nasty-tree.ts";

// What the snapshots do to the kernel, checked with the kernel. Run by snapshots.test.ts.
const base = process.argv[2] ?? "";
const trees = createTrees();
const layers = await openLayerStore({ folder: join(base, "layers"), trees });
const snapshots = createSnapshots({ layers, trees });
const packer = createPacker();

async function stack(...contents: TarMember[][]): Promise<string[]> {
  const chainIds: string[] = [];
  for (const members of contents) {
    const source = (async function* () {
      yield createTar(members);
    })();
    const parent = chainIds.at(-1);
    chainIds.push((await layers.unpack({ source, ...(parent === undefined ? {} : { parent }) })).chainId);
  }
  return chainIds;
}
const dir = (name: string): TarMember => ({ name, type: "directory" });
const mounted = (target: string) => readMounts().filter((mount) => mount.mountPoint === target);
const folder = (name: string) => {
  mkdirSync(join(base, name));
  return join(base, name);
};

const chainIds = await stack(
  [
    { ...dir("./"), mode: 0o711, uid: 3 },
    dir("d"),
    { name: "d/old", content: "1" },
    { name: "gone" },
    dir("o"),
    { name: "o/hidden" },
  ],
  [{ name: ".wh.gone" }, dir("o"), { name: "o/.wh..wh..opq" }, { name: "o/new" }, { name: "d/mid", content: "22" }],
  [dir("d"), { name: "d/.wh.old" }, { name: "d/top", content: "333" }, { ...dir("./"), mode: 0o751, uid: 3 }],
);
const first = folder("first");
const target = join(base, "mnt/rootfs");
await snapshots.prepare(first);

// Layers are stacked in order, and what is hidden is hidden.
await snapshots.mount({ containerFolder: first, chainIds, target, volatile: false });
assert.deepEqual(readdirSync(target).sort(), ["d", "o"]);
assert.deepEqual(readdirSync(join(target, "d")).sort(), ["mid", "top"]);
assert.deepEqual(readdirSync(join(target, "o")), ["new"]);
assert.equal(statSync(target).mode & 0o7777, 0o751);
assert.equal(statSync(target).uid, 3);

// What is written goes to the upper layer alone, and is counted; the image does not change.
const imageBefore = chainIds.map((id) => describeTree(layers.get(id)?.path ?? ""));
writeFileSync(join(target, "d/mid"), "changed");
writeFileSync(join(target, "mine"), Buffer.alloc(1000));
execFileSync("rm", [join(target, "o/new")]);
assert.deepEqual(
  chainIds.map((id) => describeTree(layers.get(id)?.path ?? "")),
  imageBefore,
);
assert.equal(await snapshots.size(first), 1007);
const graph = snapshots.graphData(first, chainIds, target);
assert.equal(graph.LowerDir?.split(":")[0], layers.get(chainIds[2] ?? "")?.path);
assert.equal(existsSync(join(graph.UpperDir ?? "", "mine")), true);

// Two containers of one image do not see each other.
const second = folder("second");
await snapshots.prepare(second);
const other = join(base, "mnt/other");
await snapshots.mount({ containerFolder: second, chainIds, target: other, volatile: true });
assert.equal(readFileSync(join(other, "d/mid"), "utf8"), "22");
assert.match(mounted(other)[0]?.superOptions.join(" ") ?? "", /volatile/);

// The writable layer, packed and unpacked as a layer, gives the same tree.
const upper = join(first, "upper");
const packed = join(base, "commit.tar");
const { diffId } = await packer.toFile(packed, { path: upper, form: "layer", compression: "none", root: true });
const committed = await layers.unpack({
  source: { blobPath: packed },
  parent: chainIds[2] ?? "",
  expectedDiffId: diffId,
});
const third = join(base, "mnt/third");
await snapshots.mountReadOnly({ chainIds: [...chainIds, committed.chainId], target: third });
assert.deepEqual(describeTree(third), describeTree(target));
assert.throws(() => writeFileSync(join(third, "x"), ""), { code: "EROFS" });

// One layer alone, and none at all.
const single = join(base, "mnt/single");
await snapshots.mountReadOnly({ chainIds: chainIds.slice(0, 1), target: single });
assert.equal(existsSync(join(single, "gone")), true);
const empty = folder("empty");
await snapshots.prepare(empty);
await snapshots.mount({ containerFolder: empty, chainIds: [], target: join(base, "mnt/empty"), volatile: false });
assert.deepEqual(readdirSync(join(base, "mnt/empty")), []);

// Unmounting: any kind, twice, and what was never mounted. A volatile one can be mounted again.
for (const path of [target, other, third, single, join(base, "mnt/empty")]) {
  await snapshots.unmount(path);
  assert.equal(mounted(path).length, 0);
  await snapshots.unmount(path);
}
await snapshots.unmount(join(base, "nothing"));
writeFileSync(join(second, "upper/kept"), "");
await snapshots.mount({ containerFolder: second, chainIds, target: other, volatile: true });
assert.equal(existsSync(join(other, "kept")), true);
await snapshots.unmount(other);
await assert.rejects(
  snapshots.mount({ containerFolder: first, chainIds: [`sha256:${"0".repeat(64)}`], target, volatile: false }),
  {
    kind: "not-found",
  },
);

// A hundred and twenty layers fit into one mount.
const many = await stack(...Array.from({ length: 120 }, (_, i) => [{ name: `f${i}` }]));
await snapshots.mountReadOnly({ chainIds: many, target: single });
assert.equal(readdirSync(single).length, 120);
await snapshots.unmount(single);

// An overlay attribute that an archive brings leads nowhere.
const redirect: TarMember = { ...dir("trap"), xattrs: new Map([["trusted.overlay.redirect", Buffer.from("/d")]]) };
const trap = await stack([dir("d"), { name: "d/secret" }], [redirect]);
await snapshots.mountReadOnly({ chainIds: trap, target: single });
assert.deepEqual(readdirSync(join(single, "trap")), []);
assert.equal(lstatSync(join(single, "d/secret")).isFile(), true);
await snapshots.unmount(single);

await Promise.all([packer.close(), layers.close(), trees.close()]);
console.log("all true");
