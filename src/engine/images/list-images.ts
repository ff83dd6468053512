import { invalid, parseTimestamp } from "../../lib/index.ts";
import type { ImageSummary } from "../../spec/api/index.ts";
import { familiar, familiarName, type Reference } from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { Filters } from "../engine.ts";
import { booleanFilter, checkFilterNames, hasLabels } from "./image-filters.ts";
import type { ImagesDeps } from "./images-context.ts";
import { pathMatch } from "./path-match.ts";
import { resolveImage } from "./resolve-image.ts";

const accepted = ["dangling", "label", "before", "since", "reference", "until"];

export interface ListOptions {
  all: boolean;
  filters: Filters;
  sharedSize: boolean;
  digests: boolean;
}

/** Images that pass the filters, the newest first. Texts and rules are those of Docker's image list. */
export function listImages(deps: ImagesDeps, options: ListOptions): ImageSummary[] {
  const { store } = deps;
  checkFilterNames(options.filters, accepted);
  const dangling = booleanFilter(options.filters, "dangling");
  const inTime = timeWindow(deps, options.filters);
  const labels = options.filters.get("label") ?? [];
  const patterns = options.filters.get("reference");
  const parents = new Set(store.list().map(({ parent, detached }) => (detached ? undefined : parent)));
  const rows: ImageSummary[] = [];
  for (const record of store.list()) {
    if (record.detached || !inTime(secondsOf(record)) || !hasLabels(record.config.config.Labels, labels)) continue;
    const all = store.references.of(record.id);
    const names = patterns === undefined ? all : all.filter((name) => matchesAny(patterns, name));
    const hasChildren = parents.has(record.id);
    if (dangling === true && (hasChildren || names.some(({ tag }) => tag !== undefined))) continue;
    if (names.length === 0 && (patterns !== undefined || dangling === false || (hasChildren && !options.all))) continue;
    rows.push(summary(record, names));
  }
  if (options.sharedSize) addSharedSizes(deps, rows);
  return rows.sort((a, b) => b.Created - a.Created);
}

/** Seconds since 1970; 0 where the config does not say. */
export function secondsOf(record: ImageRecord): number {
  const time = Date.parse(record.created);
  return Number.isNaN(time) ? 0 : Math.floor(time / 1000);
}

function summary(record: ImageRecord, names: readonly Reference[]): ImageSummary {
  const tags = names.filter(({ digest }) => digest === undefined).map(familiar);
  const digests = names.filter(({ digest }) => digest !== undefined).map(familiar);
  return {
    Containers: -1,
    Created: secondsOf(record),
    Id: record.id,
    Labels: record.config.config.Labels ?? null,
    ParentId: record.parent ?? "",
    RepoDigests: digests,
    RepoTags: tags,
    SharedSize: -1,
    Size: record.size,
  };
}

/** Bytes of each image's layers that other images have too. */
function addSharedSizes({ store, layers }: ImagesDeps, rows: ImageSummary[]): void {
  const counts = new Map<string, number>();
  for (const { layers: own } of store.list())
    for (const { chainId } of own) counts.set(chainId, (counts.get(chainId) ?? 0) + 1);
  for (const row of rows) {
    const shared = (store.get(row.Id)?.layers ?? []).filter(({ chainId }) => (counts.get(chainId) ?? 0) > 1);
    row.SharedSize = shared.reduce((sum, { chainId }) => sum + (layers.get(chainId)?.size ?? 0), 0);
  }
}

function matchesAny(patterns: readonly string[], name: Reference): boolean {
  return patterns.some((pattern) => pathMatch(pattern, familiar(name)) || pathMatch(pattern, familiarName(name)));
}

/** before, since (images) and until (a time) as one test of an image's creation, in seconds. */
function timeWindow({ store }: ImagesDeps, filters: Filters): (seconds: number) => boolean {
  const times = (name: string): number[] => (filters.get(name) ?? []).map((ref) => secondsOf(resolveImage(store, ref)));
  const before = Math.min(...times("before"), untilSeconds(filters) ?? Number.POSITIVE_INFINITY);
  const since = Math.max(...times("since"), Number.NEGATIVE_INFINITY);
  return (seconds) => seconds < before && seconds > since;
}

/** The `until` filter in seconds since 1970; undefined where it is not given. */
export function untilSeconds(filters: Filters): number | undefined {
  const [first, ...more] = filters.get("until") ?? [];
  if (first === undefined) return undefined;
  if (more.length > 0) throw invalid("more than one until filter specified");
  return Number(parseTimestamp(first) / 1_000_000_000n);
}
