import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { readJsonFile } from "../../lib/index.ts";
import { removeTreeSync } from "../trees/remove-tree.ts";

/**
 * The folders `<exec-root>/containers/<id>`: what a container has only while it runs. `T` is the run state, plain data
 * that leads back to its processes after a restart of the daemon. The exec root is a tmpfs: a reboot rightly empties it.
 */
export interface RunStates<T> {
  folder(id: string): string;
  makeFolder(id: string): Promise<void>;
  save(id: string, state: T): Promise<void>;
  /** undefined where there is none, or where it does not read: the run was cut short while it was set up. */
  load(id: string): Promise<T | undefined>;
  /** Ids of all folders. */
  list(): Promise<string[]>;
  /** The folder goes; where something is mounted in it, it rejects and what is mounted stays untouched. */
  remove(id: string): Promise<void>;
}

export async function openRunStates<T>(execRoot: string): Promise<RunStates<T>> {
  const root = join(execRoot, "containers");
  await mkdir(root, { recursive: true, mode: 0o711 });
  const folder = (id: string) => join(root, id);
  return {
    folder,
    // Memory is quicker than a thread that writes to it.
    makeFolder: async (id) => {
      mkdirSync(folder(id), { recursive: true, mode: 0o700 });
    },
    async save(id, state) {
      const path = join(folder(id), "run.json");
      writeFileSync(`${path}.tmp`, JSON.stringify(state), { mode: 0o600 });
      renameSync(`${path}.tmp`, path);
    },
    load: (id) => readJsonFile<T>(join(folder(id), "run.json")).catch(() => undefined),
    list: async () => (await readdir(root)).filter((name) => /^[0-9a-f]{64}$/.test(name)),
    remove: async (id) => removeTreeSync(folder(id)),
  };
}
