import { invalid } from "../../../lib/index.ts";
import { type Digest, isDigest } from "../../../spec/index.ts";
import type { CacheEntry, CacheLayer } from "./cache-document.ts";

/** The member of an image's config that holds its inline cache. */
export const INLINE_FIELD = "berth.buildcache.v1";

const LIMIT = 2000;

/**
 * `--cache-to type=inline`: what of the cache can be told by the image's own layers, as a member of its config. Entries
 * whose state is not a beginning of the image are left out.
 */
export function inlineCache(entries: readonly CacheEntry[], image: readonly Digest[]): object {
  const records = entries
    .filter(({ layers }) => layers.every(({ diffId }, index) => image[index] === diffId))
    .map(({ key, layers, value }) => ({ key, layers: layers.length, value }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .slice(0, LIMIT);
  return { schema: 1, records };
}

/** The entries that an image brings; none where it has no such member. Throws "invalid" for a broken one. */
export function readInlineCache(
  config: Readonly<Record<string, unknown>>,
  layers: readonly CacheLayer[],
): CacheEntry[] {
  const field = config[INLINE_FIELD] as { schema?: unknown; records?: unknown } | undefined;
  if (field === undefined || field === null || field.schema !== 1) return [];
  if (!Array.isArray(field.records) || field.records.length > LIMIT) throw invalid("the image's build cache is broken");
  return field.records.map((record: { key?: unknown; layers?: unknown; value?: unknown } | null) => {
    const { key, layers: count, value } = record ?? {};
    if (!isDigest(key) || typeof count !== "number" || !Number.isInteger(count) || count < 0 || count > layers.length)
      throw invalid("the image's build cache is broken");
    return { key, layers: layers.slice(0, count), value };
  });
}
