import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { DataRootUsage } from "../../spec/api/index.ts";
import type { Trees } from "../../store/trees/index.ts";

const BLOCK = 512;

/** Folders of the data root as the user knows them; everything else is "Records and other". */
const NAMES: Readonly<Record<string, string>> = {
  blobs: "Blobs, as pulled, loaded or made",
  layers: "Layers, unpacked",
  containers: "Containers: writable layers, logs",
  volumes: "Volumes and their snapshots",
  build: "Build cache",
  broken: "Set aside by doctor",
};
const OTHER = "Records and other";

/** What the data root takes on disk, as du(1) counts: allocated blocks, directories too. Walks all of it. */
export async function dataRootUsage(dataRoot: string, trees: Trees): Promise<DataRootUsage> {
  const sizes = new Map<string, number>();
  const add = (name: string, bytes: number) => sizes.set(name, (sizes.get(name) ?? 0) + bytes);
  const own = lstatSync(dataRoot, { throwIfNoEntry: false });
  add(OTHER, (own?.blocks ?? 0) * BLOCK);
  for (const entry of readdirSync(dataRoot)) {
    const path = join(dataRoot, entry);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    const below = stat.isDirectory() ? (await trees.diskUsage(path)).allocated : 0;
    add(NAMES[entry] ?? OTHER, stat.blocks * BLOCK + below);
  }
  const parts = [...Object.values(NAMES), OTHER].map((name) => ({ Name: name, Size: sizes.get(name) ?? 0 }));
  return {
    Path: dataRoot,
    Total: parts.reduce((sum, { Size }) => sum + Size, 0),
    Parts: parts.filter(({ Size }) => Size > 0),
  };
}
