import { statfsSync } from "node:fs";
import { kindOf } from "../../lib/index.ts";
import type { BuildPruneResponse } from "../../spec/api/index.ts";
import type { Filters } from "../engine.ts";
import type { BuildsDeps } from "./builds-deps.ts";
import { cacheRecords } from "./cache-usage.ts";
import { type PruneOptions, planPrune } from "./prune-plan.ts";

/** POST /build/prune. Sizes in bytes. */
export interface CachePrune {
  readonly all: boolean;
  readonly filters: Filters;
  readonly reserved: number;
  readonly maxUsed: number | undefined;
  readonly minFree: number;
}

/** The bounds that hold without being asked for: a tenth of the disk at most, and room on it, as BuildKit's default. */
export function ceilingOf(folder: string): { maxUsedSpace: number; minFreeSpace: number; reservedSpace: number } {
  const { blocks, bsize } = statfsSync(folder);
  const disk = blocks * bsize;
  return {
    maxUsedSpace: Math.floor(disk * 0.1),
    minFreeSpace: Math.floor(disk * 0.05),
    reservedSpace: Math.floor(disk * 0.01),
  };
}

/** Removes what a plan names; what has come into use meanwhile stays. */
export async function pruneCache(deps: BuildsDeps, options: CachePrune): Promise<BuildPruneResponse> {
  const { bavail, bsize } = statfsSync(deps.scratch);
  const plan: PruneOptions = { ...options, free: bavail * bsize, now: Date.now() };
  const steps = new Map(deps.cache.list().map((record) => [record.id, record]));
  const deleted: string[] = [];
  const free: string[] = [];
  let reclaimed = 0;
  for (const record of planPrune(await cacheRecords(deps), plan)) {
    try {
      if (record.Type === "exec.cachemount") reclaimed += await deps.caches.remove(record.ID);
      else if (record.Type === "source.local") {
        await deps.contexts.remove(record.ID);
        reclaimed += record.Size;
      } else {
        deps.cache.remove(record.ID);
        for (const { chainId, blob } of steps.get(record.ID)?.stack ?? []) free.push(chainId, blob.digest);
        if (!record.Shared) reclaimed += record.Size;
      }
      deleted.push(record.ID);
    } catch (error) {
      if (kindOf(error) !== "conflict") throw error;
    }
  }
  await deps.cache.flush();
  if (free.length > 0) await deps.images.collectAmong(free);
  return { CachesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
}
