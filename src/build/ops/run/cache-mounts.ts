import { createHash, randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { conflict, createKeyedQueue, readJsonFile, writeFileAtomic } from "../../../lib/index.ts";
import type { Trees } from "../../../store/trees/index.ts";
import type { CacheRunMount } from "./step.ts";

/** A cache folder that outlives the steps that use it: `<folder>/<name>/{cache.json,data/}`. */
export interface CacheMountRecord {
  readonly schema: 1;
  /** Of the folder; unique. */
  readonly name: string;
  /** The mount's id. */
  readonly id: string;
  /** Digest of all that makes this cache another one than others of its id: beginning, owner, mode. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly lastUsed: number;
  readonly usageCount: number;
}

export type CacheMountInfo = CacheMountRecord & { size: number; inUse: boolean };

export type CacheRequest = Pick<CacheRunMount, "id" | "sharing" | "from" | "source" | "uid" | "gid" | "mode">;

export interface CacheLease {
  /** The cache's folder. Others may write in it at the same time. */
  readonly path: string;
  release(): void;
}

/** Persistent cache folders of `RUN --mount=type=cache`, with BuildKit's rules about who may have one at once. */
export interface CacheMounts {
  /**
   * "shared": together with others who share it; "private": alone, in another folder while one is in use; "locked":
   * alone, when those before are done. `fill` writes what a new cache begins with. Rejects when the signal is aborted.
   */
  acquire(
    request: CacheRequest,
    fill: ((target: string) => Promise<void>) | undefined,
    signal: AbortSignal,
  ): Promise<CacheLease>;
  list(): Promise<CacheMountInfo[]>;
  /** Gives the bytes that were freed. "conflict" while a step uses it; 0 where it is gone. */
  remove(name: string): Promise<number>;
  /** Where a cache's content is, for export; undefined where it is gone. */
  pathOf(name: string): string | undefined;
  /** A new cache with that id, for import: filled by `fill`. */
  adopt(id: string, key: string, fill: (target: string) => Promise<void>): Promise<void>;
}

interface Cache {
  record: CacheMountRecord;
  users: number;
  shared: boolean;
  size: number | undefined;
}

const TEMPORARY = "tmp-";

/** Opens the caches below `folder`, which is made if need be; half-made ones go. */
export async function openCacheMounts(options: { folder: string; trees: Trees }): Promise<CacheMounts> {
  const { folder, trees } = options;
  const caches = new Map<string, Cache>();
  const waiting = new Set<() => void>();
  const serial = createKeyedQueue();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    const record = name.startsWith(TEMPORARY) ? undefined : await readRecord(join(folder, name), name);
    if (record === undefined) void trees.remove(join(folder, name)).catch(() => {});
    else caches.set(name, { record, users: 0, shared: false, size: undefined });
  }

  const save = (record: CacheMountRecord) =>
    writeFileAtomic(join(folder, record.name, "cache.json"), JSON.stringify(record), { durable: false });
  const make = async (id: string, key: string, fill: (target: string) => Promise<void>): Promise<Cache> => {
    const name = randomBytes(12).toString("hex");
    const temporary = join(folder, TEMPORARY + name);
    const now = Date.now();
    const record: CacheMountRecord = { schema: 1, name, id, key, created: now, lastUsed: now, usageCount: 0 };
    try {
      mkdirSync(join(temporary, "data"), { recursive: true, mode: 0o700 });
      await fill(join(temporary, "data"));
      await writeFileAtomic(join(temporary, "cache.json"), JSON.stringify(record), { durable: false });
      renameSync(temporary, join(folder, name));
    } catch (error) {
      await trees.remove(temporary).catch(() => {});
      throw error;
    }
    const cache: Cache = { record, users: 0, shared: false, size: undefined };
    caches.set(name, cache);
    return cache;
  };
  const lease = (cache: Cache, shared: boolean): CacheLease => {
    cache.users++;
    cache.shared = shared;
    let held = true;
    return {
      path: join(folder, cache.record.name, "data"),
      release() {
        if (!held) return;
        held = false;
        cache.users--;
        cache.size = undefined;
        const { usageCount } = cache.record;
        cache.record = { ...cache.record, lastUsed: Date.now(), usageCount: usageCount + 1 };
        if (caches.has(cache.record.name)) void save(cache.record).catch(() => {});
        for (const wake of [...waiting]) wake();
      },
    };
  };

  return {
    async acquire(request, fill, signal) {
      const key = cacheKey(request);
      const shared = request.sharing === "shared";
      for (;;) {
        signal.throwIfAborted();
        // One at a time for each key, so that two who find none make one.
        const found = await serial(key, async () => {
          const all = [...caches.values()].filter((cache) => cache.record.key === key);
          const usable =
            (shared && all.find((cache) => cache.users > 0 && cache.shared)) ||
            all.find((cache) => cache.users === 0) ||
            (request.sharing === "locked" && all.length > 0
              ? undefined
              : await make(request.id, key, (target) => begin(target, request, fill)));
          return usable === undefined ? undefined : lease(usable, shared);
        });
        if (found !== undefined) {
          if (!signal.aborted) return found;
          found.release();
          signal.throwIfAborted();
        }
        await change(waiting, signal, () => [...caches.values()].some((c) => c.record.key === key && c.users === 0));
      }
    },
    async list() {
      const infos: CacheMountInfo[] = [];
      for (const cache of [...caches.values()]) {
        cache.size ??= await trees.size(join(folder, cache.record.name, "data")).catch(() => 0);
        infos.push({ ...cache.record, size: cache.size, inUse: cache.users > 0 });
      }
      return infos;
    },
    async remove(name) {
      const cache = caches.get(name);
      if (cache === undefined) return 0;
      if (cache.users > 0) throw conflict(`cache mount ${cache.record.id} is in use`);
      caches.delete(name);
      const aside = join(folder, TEMPORARY + name);
      renameSync(join(folder, name), aside);
      const size = cache.size ?? (await trees.size(join(aside, "data")).catch(() => 0));
      await trees.remove(aside);
      return size;
    },
    pathOf: (name) => (caches.has(name) ? join(folder, name, "data") : undefined),
    async adopt(id, key, fill) {
      await make(id, key, fill);
    },
  };
}

/** What makes caches of one id different ones, as with BuildKit: what they begin with, whose they are. */
export function cacheKey({ id, from, source, uid, gid, mode }: Omit<CacheRequest, "sharing">): string {
  const parts = [id, from?.key ?? "", from === undefined ? "" : (source ?? ""), uid ?? 0, gid ?? 0, mode ?? 0o755];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

async function begin(
  target: string,
  { uid, gid, mode }: CacheRequest,
  fill: ((target: string) => Promise<void>) | undefined,
): Promise<void> {
  if (fill !== undefined) return fill(target);
  chownSync(target, uid ?? 0, gid ?? 0);
  chmodSync(target, mode ?? 0o755);
}

/** Resolves when a lease has been given back, or at once where that has just happened. */
function change(waiting: Set<() => void>, signal: AbortSignal, already: () => boolean): Promise<void> {
  if (already()) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      waiting.delete(done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    waiting.add(done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}

async function readRecord(path: string, name: string): Promise<CacheMountRecord | undefined> {
  const record = await readJsonFile<CacheMountRecord>(join(path, "cache.json")).catch(() => undefined);
  return record?.schema === 1 && record.name === name ? record : undefined;
}
