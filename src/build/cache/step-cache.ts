import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readJsonFile, writeFileAtomic } from "../../lib/index.ts";
import type { Lease } from "../../store/index.ts";
import { recordIdOf, type StackLayer, type StepRecord } from "./step-record.ts";

/** The results of steps, on disk. What it holds is kept from the collection of layers and blobs. */
export interface StepCache {
  /** By key or alias; undefined, too, where its layers have gone. */
  get(key: string): StepRecord | undefined;
  put(step: { key: string; stack: readonly StackLayer[]; size: number; description: string }): void;
  /** The other key leads to that record from now on. */
  alias(key: string, record: StepRecord): void;
  /** Notes that a build has used it. */
  used(record: StepRecord): void;
  list(): StepRecord[];
  remove(id: string): void;
  /** Resolves when all that was noted is in its files. */
  flush(): Promise<void>;
}

export interface StepCacheOptions {
  folder: string;
  lease: Lease;
  /** Whether a layer and its blob are there. */
  isThere(layer: StackLayer): boolean;
  now(): number;
  warn(message: string): void;
}

const SAVE_DELAY = 500;

/** Opens the records below `folder`; those that do not read, or whose layers have gone, are dropped. */
export async function openStepCache({ folder, lease, isThere, now, warn }: StepCacheOptions): Promise<StepCache> {
  const records = new Map<string, StepRecord>();
  const byKey = new Map<string, string>();
  const dirty = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let saving = Promise.resolve();
  const pathOf = (id: string) => join(folder, `${id}.json`);
  const holds = new Map<string, number>();
  const idsOf = ({ stack }: StepRecord) => stack.flatMap(({ chainId, blob }) => [chainId, blob.digest]);

  const add = (record: StepRecord) => {
    forget(record.id);
    records.set(record.id, record);
    for (const key of [record.key, ...record.aliases]) byKey.set(key, record.id);
    for (const id of idsOf(record)) holds.set(id, (holds.get(id) ?? 0) + 1);
    lease.hold(...idsOf(record));
  };
  const forget = (id: string) => {
    const record = records.get(id);
    if (record === undefined) return;
    records.delete(id);
    for (const key of [record.key, ...record.aliases]) if (byKey.get(key) === id) byKey.delete(key);
    for (const held of idsOf(record)) {
      const left = (holds.get(held) ?? 1) - 1;
      if (left > 0) holds.set(held, left);
      else {
        holds.delete(held);
        lease.drop(held);
      }
    }
  };
  const save = () => {
    clearTimeout(timer);
    timer = undefined;
    saving = saving.then(async () => {
      const ids = [...dirty];
      dirty.clear();
      for (const id of ids) {
        const record = records.get(id);
        if (record === undefined) rmSync(pathOf(id), { force: true });
        else await writeFileAtomic(pathOf(id), JSON.stringify(record), { durable: false });
      }
    });
    saving = saving.catch((error: unknown) => warn(`build cache: ${String(error)}`));
    return saving;
  };
  const change = (id: string) => {
    dirty.add(id);
    timer ??= setTimeout(() => void save(), SAVE_DELAY).unref();
  };

  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    const record = await readRecord(join(folder, name), name);
    if (record?.stack.every(isThere)) add(record);
    else rmSync(join(folder, name), { force: true });
  }
  return {
    get(key) {
      const record = records.get(byKey.get(key) ?? "");
      if (record === undefined || record.stack.every(isThere)) return record;
      forget(record.id);
      change(record.id);
      return undefined;
    },
    put({ key, stack, size, description }) {
      const id = recordIdOf(key);
      const aliases = records.get(id)?.aliases ?? [];
      const time = now();
      add({ schema: 1, id, key, aliases, stack, size, description, created: time, lastUsed: time, usageCount: 1 });
      change(id);
    },
    alias(key, record) {
      const known = records.get(record.id);
      if (known === undefined || byKey.get(key) === record.id) return;
      byKey.set(key, record.id);
      records.set(record.id, { ...known, aliases: [...known.aliases.slice(-9), key] });
      change(record.id);
    },
    used(record) {
      const known = records.get(record.id);
      if (known === undefined) return;
      records.set(record.id, { ...known, lastUsed: now(), usageCount: known.usageCount + 1 });
      change(record.id);
    },
    list: () => [...records.values()],
    remove(id) {
      forget(id);
      change(id);
    },
    flush: () => save(),
  };
}

async function readRecord(path: string, name: string): Promise<StepRecord | undefined> {
  const record = await readJsonFile<StepRecord>(path).catch(() => undefined);
  const whole =
    record?.schema === 1 && `${record.id}.json` === name && Array.isArray(record.stack) && record.stack.length > 0;
  return whole && Array.isArray(record.aliases) && typeof record.size === "number" ? record : undefined;
}
