import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { BerthError, messageOf, readJsonFile, syncFolder, writeFileAtomic } from "../../lib/index.ts";
import { type Digest, isDigest, parseDigest } from "../../spec/index.ts";
import type { ImageRecord } from "./image-record.ts";
import { createLeases, type Leases } from "./leases.ts";
import { openReferences, type References } from "./references.ts";

/**
 * Image records and their names. Reading is from memory; a change is on disk before it counts. Order that callers
 * keep, so that a crash between two steps leaves nothing wrong: blobs and layers before the record, the record before
 * a name; names go first, then the record, then what only it used.
 */
export interface ImageStore {
  readonly references: References;
  readonly leases: Leases;
  get(id: Digest): ImageRecord | undefined;
  /** Every record, the detached ones too. */
  list(): ImageRecord[];
  put(record: ImageRecord): Promise<void>;
  /** Forgets the record. The names must have gone before. */
  remove(id: Digest): Promise<void>;
  /** Images whose parent this is. */
  children(id: Digest): ImageRecord[];
  /** Files of records that do not read. While there are any, nobody knows what the images need. */
  readonly unreadable: readonly string[];
  /** The file is not there any more. */
  forgetUnreadable(path: string): void;
  /** The one id that begins with the text, with or without "sha256:"; undefined where none or several do. */
  find(prefix: string): Digest | undefined;
}

/** Opens `images/` under the data root. A record that does not read is left alone and reported through `warn`. */
export async function openImageStore(
  dataRoot: string,
  warn: (message: string) => void = () => {},
): Promise<ImageStore> {
  const folder = join(dataRoot, "images");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unreadable: string[] = [];
  const records = await readRecords(folder, unreadable, warn);
  const references = await openNames(folder, unreadable, warn);
  // A name of a record that does not read waits for it.
  const stale = references.all().filter(({ id }) => !records.has(id) && !unreadable.includes(pathOf(folder, id)));
  if (stale.length > 0) await references.change(stale.map(({ reference }) => ({ reference, id: undefined })));
  const path = (id: Digest): string => pathOf(folder, id);
  return {
    unreadable,
    forgetUnreadable(file) {
      const at = unreadable.indexOf(file);
      if (at >= 0) unreadable.splice(at, 1);
    },
    references,
    leases: createLeases(),
    get: (id) => records.get(id),
    list: () => [...records.values()],
    async put(record) {
      await writeFileAtomic(path(record.id), JSON.stringify(record), { durable: true });
      records.set(record.id, record);
    },
    async remove(id) {
      if (references.of(id).length > 0) throw new BerthError("internal", `image ${id} still has names`);
      const removed = records.delete(id);
      if (!removed) return;
      await rm(path(id), { force: true });
      await syncFolder(folder);
    },
    children: (id) => [...records.values()].filter((record) => record.parent === id && !record.detached),
    find: (prefix) => findOne(records.values(), prefix),
  };
}

const pathOf = (folder: string, id: Digest): string => join(folder, `${parseDigest(id).hex}.json`);

/** Names that do not read are set aside, and the daemon starts without any: the images are still there by their ids. */
async function openNames(folder: string, unreadable: string[], warn: (message: string) => void): Promise<References> {
  const path = join(folder, "references.json");
  for (const name of await readdir(folder))
    if (name.startsWith("references.json.broken")) unreadable.push(join(folder, name));
  try {
    return await openReferences(path);
  } catch (error) {
    const aside = `${path}.broken-${Date.now()}`;
    await rename(path, aside);
    unreadable.push(aside);
    warn(`the names of images do not read, and are set aside as ${aside}: ${messageOf(error)}`);
    return openReferences(path);
  }
}

function findOne(records: Iterable<ImageRecord>, prefix: string): Digest | undefined {
  const wanted = prefix.startsWith("sha256:") ? prefix.slice(7) : prefix;
  if (!/^[0-9a-f]{1,64}$/.test(wanted)) return undefined;
  let found: Digest | undefined;
  for (const { id, detached } of records) {
    if (detached || !id.startsWith(wanted, 7)) continue;
    if (found !== undefined) return undefined;
    found = id;
  }
  return found;
}

async function readRecords(
  folder: string,
  unreadable: string[],
  warn: (message: string) => void,
): Promise<Map<Digest, ImageRecord>> {
  const records = new Map<Digest, ImageRecord>();
  for (const name of await readdir(folder)) {
    if (name.endsWith(".tmp")) await rm(join(folder, name), { force: true });
    if (!/^[0-9a-f]{64}\.json$/.test(name)) continue;
    try {
      const record = await readJsonFile<ImageRecord>(join(folder, name));
      if (record === undefined) continue;
      if (record.schema !== 1) throw new Error(`schema ${String(record.schema)} is not known`);
      if (!isDigest(record.id) || `${parseDigest(record.id).hex}.json` !== name) throw new Error("id and name differ");
      records.set(record.id, record);
    } catch (error) {
      unreadable.push(join(folder, name));
      warn(`image record ${name} is left out: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return records;
}
