import { readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolders, messageOf, randomHex, readJsonFile, syncFolder, writeFileAtomic } from "../../lib/index.ts";
import { findStages } from "./volume-folder.ts";
import type { VolumeRecord } from "./volume-record.ts";

/** The folders `volumes/<name>`. Reading is from memory; a change is on disk before it counts. */
export interface VolumeStore {
  get(name: string): VolumeRecord | undefined;
  list(): VolumeRecord[];
  /** Folder of the volume's files. */
  dataPath(name: string): string;
  /** Where the volume's files, snapshots and stages are. */
  folder(name: string): string;
  /** Makes the volume, empty. `durable` false for one that goes with its container. */
  put(record: VolumeRecord, options: { durable: boolean }): Promise<void>;
  /** The volume ends to count. Returns where its files are now, for the caller to delete at leisure. */
  discard(name: string): Promise<string>;
  /** Folders that were found without a record, or discarded, at opening: to be deleted. */
  readonly leftovers: readonly string[];
}

// A name cannot begin with a dot, so these never meet a volume's.
const DISCARDED = ".removed-";

/** Opens `volumes/` under the data root. A record that does not read is left alone and reported through `warn`. */
export async function openVolumeStore(dataRoot: string, warn: (message: string) => void): Promise<VolumeStore> {
  const root = join(dataRoot, "volumes");
  await makeFolders(root, 0o701);
  const { records, leftovers } = await survey(root, warn);
  const folder = (name: string) => join(root, name);
  let discarded = 0;
  return {
    leftovers,
    get: (name) => records.get(name),
    list: () => [...records.values()],
    folder,
    dataPath: (name) => join(folder(name), "_data"),
    async put(record, { durable }) {
      const path = folder(record.name);
      const isNew = !records.has(record.name) && (await readdir(path).catch(() => undefined)) === undefined;
      try {
        await makeFolders(path, 0o701);
        await makeFolders(join(path, "_data"), 0o755);
        await writeFileAtomic(join(path, "volume.json"), JSON.stringify(record), { durable });
        if (durable) await syncFolder(root);
      } catch (error) {
        if (isNew) await rm(path, { recursive: true, force: true });
        throw error;
      }
      records.set(record.name, record);
    },
    async discard(name) {
      const path = join(root, `${DISCARDED}${process.pid}-${discarded++}-${name}`.slice(0, 200));
      await rename(folder(name), path);
      records.delete(name);
      return path;
    },
  };
}

async function survey(root: string, warn: (message: string) => void) {
  const records = new Map<string, VolumeRecord>();
  const leftovers: string[] = [];
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const path = join(root, entry.name);
    if (!entry.isDirectory()) continue;
    if (entry.name.startsWith(DISCARDED)) {
      leftovers.push(path);
      continue;
    }
    try {
      const record = await readJsonFile<VolumeRecord>(join(path, "volume.json"));
      if (record === undefined) leftovers.push(...(await withoutData(path)));
      else if (record.schema !== 1 || record.name !== entry.name) throw new Error("not a record of this volume");
      else {
        records.set(record.name, record);
        leftovers.push(...(await findStages(path)));
      }
    } catch (error) {
      warn(`volume ${entry.name} is left out: ${messageOf(error)}`);
    }
  }
  return { records, leftovers };
}

/** A folder whose making was cut short holds no files of a user's; anything else is not ours to delete. */
async function withoutData(path: string): Promise<string[]> {
  const data = await readdir(join(path, "_data")).catch(() => []);
  if (data.length > 0) return [];
  // At once under another name: it is deleted later, when there may be a volume of this one.
  const aside = join(dirname(path), `${DISCARDED}${randomHex(8)}`);
  await rename(path, aside);
  return [aside];
}
