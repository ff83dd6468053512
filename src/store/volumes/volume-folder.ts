import { mkdir, mkdtemp, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders, readJsonFile, syncFolder, writeFileAtomic } from "../../lib/index.ts";
import { AT_FDCWD, cstring, RENAME_EXCHANGE, renameAt } from "../../system/index.ts";

/**
 * What a volume's folder holds beside its files: *snapshots* (`snapshots/<name>/_data`, `snapshot.json`), and *stages*
 * (`.stage-…/_data`), where files come together before they take their place by one rename.
 */
export interface SnapshotRecord {
  schema: 1;
  name: string;
  /** RFC 3339. */
  created: string;
}

const STAGE = ".stage-";

/** An empty folder `_data` in a new stage of the volume. Returns the stage; a crash leaves it to `findStages`. */
export async function makeStage(folder: string): Promise<string> {
  const stage = await mkdtemp(join(folder, STAGE));
  await mkdir(dataOf(stage), { mode: 0o755 });
  return stage;
}

/** The files of a volume, a snapshot or a stage. */
export const dataOf = (folder: string): string => join(folder, "_data");

/** The stage's files and the volume's change places: at any moment there is the one or the other, whole. */
export async function exchangeData(folder: string, stage: string): Promise<void> {
  renameAt(AT_FDCWD, cstring(dataOf(stage)), AT_FDCWD, cstring(dataOf(folder)), RENAME_EXCHANGE);
  await syncFolder(folder);
}

export const snapshotFolder = (folder: string, name: string): string => join(folder, "snapshots", name);

/** The stage becomes a snapshot. Rejects with EEXIST or ENOTEMPTY where one of that name is there. */
export async function keepSnapshot(folder: string, stage: string, record: SnapshotRecord): Promise<void> {
  await writeFileAtomic(join(stage, "snapshot.json"), JSON.stringify(record), { durable: true });
  await makeFolders(join(folder, "snapshots"), 0o700);
  await rename(stage, snapshotFolder(folder, record.name));
  await syncFolder(join(folder, "snapshots"));
}

/** The snapshot ends to count. Returns where its files are, for the caller to delete at leisure. */
export async function discardSnapshot(folder: string, name: string): Promise<string> {
  const rest = await mkdtemp(join(folder, STAGE));
  await rename(snapshotFolder(folder, name), join(rest, "old"));
  await syncFolder(join(folder, "snapshots"));
  return rest;
}

/** The oldest first. A record that does not read is left out. */
export async function listSnapshots(folder: string): Promise<SnapshotRecord[]> {
  const names = await readdir(join(folder, "snapshots")).catch(() => []);
  const records = await Promise.all(
    names.map((name) =>
      readJsonFile<SnapshotRecord>(join(snapshotFolder(folder, name), "snapshot.json")).then(
        (record) => (record?.schema === 1 && record.name === name ? [record] : []),
        () => [],
      ),
    ),
  );
  return records
    .flat()
    .sort((a, b) => (a.created < b.created || (a.created === b.created && a.name < b.name) ? -1 : 1));
}

/** Stages that an earlier daemon left, and snapshots that were on their way out. */
export async function findStages(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => name.startsWith(STAGE)).map((name) => join(folder, name));
}
