import { invalid } from "../../lib/index.ts";
import type { BuildCacheRecord } from "../../spec/api/index.ts";
import type { Filters } from "../engine.ts";

export interface PruneOptions {
  /** What images share as well. */
  readonly all: boolean;
  readonly filters: Filters;
  /** Bytes: nothing goes below it. */
  readonly reserved: number;
  /** Bytes: what is used longest ago goes until no more than this is left; undefined for everything. */
  readonly maxUsed: number | undefined;
  /** Bytes that the disk is to have free, and what it has. */
  readonly minFree: number;
  readonly free: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Decides which records go, in order: those used longest ago first. Throws "invalid" for filters that do not read. */
export function planPrune(records: readonly BuildCacheRecord[], options: PruneOptions): BuildCacheRecord[] {
  const { all, filters, reserved, maxUsed, minFree, free, now } = options;
  const before = timeBefore(filters, now);
  const chosen = records
    .filter((record) => !record.InUse && (all || !record.Shared))
    .filter((record) => matches(record, filters) && Date.parse(record.LastUsedAt ?? record.CreatedAt) <= before)
    .sort((a, b) => (lastUse(a) < lastUse(b) ? -1 : lastUse(a) > lastUse(b) ? 1 : 0));
  const bounded = maxUsed !== undefined || minFree > 0 || reserved > 0;
  if (!bounded) return chosen;
  let used = records.reduce((sum, { Size }) => sum + Size, 0);
  let room = free;
  const gone: BuildCacheRecord[] = [];
  for (const record of chosen) {
    const tooMuch = maxUsed === undefined ? minFree === 0 : used > maxUsed;
    if (used <= reserved || !(tooMuch || room < minFree)) break;
    gone.push(record);
    used -= record.Size;
    room += record.Size;
  }
  return gone;
}

const lastUse = ({ LastUsedAt, CreatedAt }: BuildCacheRecord) => LastUsedAt ?? CreatedAt;

const UNITS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001, ns: 0.000_001 };

/** `until` (or `unused-for`): a duration back from now. */
function timeBefore(filters: Filters, now: number): number {
  const [text] = filters.get("until") ?? filters.get("unused-for") ?? [];
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (!/^(\d+(\.\d+)?(ms|us|ns|h|m|s))+$/.test(text)) {
    const time = Date.parse(text);
    if (Number.isNaN(time)) throw invalid(`"until" filter expects a duration (e.g., '24h') or a timestamp`);
    return time;
  }
  let back = 0;
  for (const [, amount, , unit = "s"] of text.matchAll(/(\d+(\.\d+)?)(ms|us|ns|h|m|s)/g))
    back += Number(amount) * (UNITS[unit] ?? 0);
  return now - back;
}

const TESTS: Record<string, (record: BuildCacheRecord, value: string) => boolean> = {
  id: ({ ID }, value) => ID.startsWith(value),
  parent: ({ Parents }, value) => Parents?.includes(value) ?? false,
  type: ({ Type }, value) => Type === value,
  description: ({ Description }, value) => Description.includes(value),
  inuse: ({ InUse }, value) => String(InUse) === (value || "true"),
  shared: ({ Shared }, value) => String(Shared) === (value || "true"),
  private: ({ Shared }, value) => String(!Shared) === (value || "true"),
};

function matches(record: BuildCacheRecord, filters: Filters): boolean {
  return [...filters].every(([name, values]) => {
    const test = TESTS[name];
    return test === undefined || values.some((value) => test(record, value));
  });
}
