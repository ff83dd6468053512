import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { BerthError, messageOf, readJsonFile, syncFolder, writeFileAtomic } from "../lib/index.ts";
import type { NetworkRecord } from "./network.ts";

/** The networks of a data root: `networks/<id>.json`. */
export interface NetworkRecords {
  load(warn: (message: string) => void): Promise<NetworkRecord[]>;
  save(record: NetworkRecord): Promise<void>;
  remove(id: string): Promise<void>;
}

export async function openNetworkRecords(dataRoot: string): Promise<NetworkRecords> {
  const folder = join(dataRoot, "networks");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (id: string) => join(folder, `${id}.json`);
  return {
    async load(warn) {
      const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
      const found: NetworkRecord[] = [];
      for (const name of names) {
        try {
          const record = await readJsonFile<NetworkRecord>(join(folder, name));
          if (record === undefined || record.schema !== 1) throw new BerthError("corrupt", "it has an unknown schema");
          found.push(record);
        } catch (error) {
          warn(`network ${name}: ${messageOf(error)}`);
        }
      }
      return found.sort((a, b) => (a.created < b.created ? -1 : 1));
    },
    save: (record) => writeFileAtomic(pathOf(record.id), JSON.stringify(record), { durable: true }),
    async remove(id) {
      await rm(pathOf(id), { force: true });
      await syncFolder(folder);
    },
  };
}
