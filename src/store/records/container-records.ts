import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, readJsonFile, syncFolder, writeFileAtomic } from "../../lib/index.ts";
import type { ContainerRecord, ContainerStateRecord } from "./container-record.ts";

/** A container as it was found on disk. */
export interface StoredContainer {
  record: ContainerRecord;
  /** undefined where it is missing or unreadable: the machine lost power before it reached the disk. */
  state: ContainerStateRecord | undefined;
}

/** Containers found at start-up, and folders in which no whole record is: creations and removals cut short. */
export interface ContainerSurvey {
  containers: StoredContainer[];
  halfMade: string[];
}

/** The folders `containers/<id>`. A record counts from the moment that `container.json` is there. */
export interface ContainerRecords {
  folder(id: string): string;
  /** Makes the container's folder, empty. */
  makeFolder(id: string): Promise<void>;
  /** Writes what the container is. Durable: a power cut does not take it away. */
  save(record: ContainerRecord, options: { durable: boolean }): Promise<void>;
  /** Writes where its life stands. Survives the daemon, not a power cut. Calls for one id must not overlap. */
  saveState(id: string, state: ContainerStateRecord): Promise<void>;
  /** The record ends to count; the folder's content is at the returned path, for the caller to delete at leisure. */
  discard(id: string): Promise<string>;
  /** Everything on disk, with the rests of earlier discards. */
  survey(warn: (message: string) => void): Promise<ContainerSurvey>;
}

const ID = /^[0-9a-f]{64}$/;
const DISCARDED = ".removed-";

/** Opens `containers/` under the data root. */
export async function openContainerRecords(dataRoot: string): Promise<ContainerRecords> {
  const root = join(dataRoot, "containers");
  await mkdir(root, { recursive: true, mode: 0o700 });
  const folder = (id: string) => join(root, id);
  return {
    folder,
    makeFolder: async (id) => {
      await mkdir(folder(id), { mode: 0o700 });
    },
    async save(record, { durable }) {
      const written = writeFileAtomic(join(folder(record.id), "container.json"), JSON.stringify(record), { durable });
      // At the same time: the folder is there already, and one commit of the file system's serves all of them.
      await Promise.all([written, durable ? syncFolder(root) : undefined]);
    },
    saveState: (id, state) =>
      writeFileAtomic(join(folder(id), "state.json"), JSON.stringify(state), { durable: false }),
    async discard(id) {
      const path = join(root, DISCARDED + id);
      await rename(folder(id), path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
      return path;
    },
    survey: (warn) => survey(root, warn),
  };
}

async function survey(root: string, warn: (message: string) => void): Promise<ContainerSurvey> {
  const found: ContainerSurvey = { containers: [], halfMade: [] };
  for (const name of await readdir(root)) {
    const path = join(root, name);
    if (name.startsWith(DISCARDED)) found.halfMade.push(path);
    if (!ID.test(name)) continue;
    const stored = await readContainer(path, name, warn);
    if (stored === "none") found.halfMade.push(path);
    else if (stored !== "unreadable") found.containers.push(stored);
  }
  return found;
}

async function readContainer(
  path: string,
  id: string,
  warn: (message: string) => void,
): Promise<StoredContainer | "none" | "unreadable"> {
  try {
    await removeTemporary(path);
    const record = await readJsonFile<ContainerRecord>(join(path, "container.json"));
    if (record === undefined) return "none";
    if (record.schema !== 1) throw new Error(`schema ${String(record.schema)} is not known`);
    if (record.id !== id) throw new Error("id and folder differ");
    const state = await readJsonFile<ContainerStateRecord>(join(path, "state.json")).catch(() => undefined);
    return { record, state: state?.schema === 1 ? state : undefined };
  } catch (error) {
    // Left alone: a newer version may know how to read it, and deleting what one does not understand is no repair.
    warn(`container ${id} is left out: ${messageOf(error)}`);
    return "unreadable";
  }
}

async function removeTemporary(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (name.startsWith(".") && name.endsWith(".tmp")) await rm(join(path, name), { force: true });
  }
}
