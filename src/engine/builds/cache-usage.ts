import type { StepRecord } from "../../build/index.ts";
import type { BuildCacheRecord } from "../../spec/api/index.ts";
import type { BuildsDeps } from "./builds-deps.ts";

/** What the build cache holds, as `system df` and `du` show it. */
export async function cacheRecords(deps: BuildsDeps): Promise<BuildCacheRecord[]> {
  const inImages = new Set(deps.imageParts.store.list().flatMap(({ layers }) => layers.map(({ chainId }) => chainId)));
  const steps = deps.cache.list();
  const byChain = new Map(steps.map((record) => [record.stack.at(-1)?.chainId, record.id]));
  const regular = steps.map((record) => describe(record, byChain, inImages));
  const mounts = (await deps.caches.list()).map(
    ({ name, id, created, lastUsed, usageCount, size, inUse }): BuildCacheRecord => ({
      ID: name,
      Type: "exec.cachemount",
      Description: `cached mount ${id}`,
      InUse: inUse,
      Shared: false,
      Size: size,
      CreatedAt: new Date(created).toISOString(),
      LastUsedAt: new Date(lastUsed).toISOString(),
      UsageCount: usageCount,
    }),
  );
  const contexts = await Promise.all(
    (await deps.contexts.idle()).map(async ({ id, path, key }): Promise<BuildCacheRecord> => {
      const { bytes } = await deps.trees.diskUsage(path);
      const used = new Date().toISOString();
      return {
        ID: id,
        Type: "source.local",
        Description: `local source for ${key}`,
        InUse: false,
        Shared: false,
        Size: bytes,
        CreatedAt: used,
        LastUsedAt: used,
        UsageCount: 1,
      };
    }),
  );
  return [...regular, ...mounts, ...contexts];
}

function describe(
  record: StepRecord,
  byChain: ReadonlyMap<string | undefined, string>,
  inImages: ReadonlySet<string>,
): BuildCacheRecord {
  const parent = byChain.get(record.stack.at(-2)?.chainId);
  return {
    ID: record.id,
    ...(parent === undefined ? {} : { Parents: [parent] }),
    Type: "regular",
    Description: record.description,
    InUse: false,
    Shared: inImages.has(record.stack.at(-1)?.chainId ?? ""),
    Size: record.size,
    CreatedAt: new Date(record.created).toISOString(),
    LastUsedAt: new Date(record.lastUsed).toISOString(),
    UsageCount: record.usageCount,
  };
}
