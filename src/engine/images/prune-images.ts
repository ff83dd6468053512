import { conflict, kindOf, messageOf } from "../../lib/index.ts";
import type { ImageDeleteItem, ImagesPruneResponse } from "../../spec/api/index.ts";
import { formatReference } from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { Filters } from "../engine.ts";
import { collectAll } from "./collect-unused.ts";
import { booleanFilter, checkFilterNames, hasLabels } from "./image-filters.ts";
import type { ImagesDeps } from "./images-context.ts";
import { secondsOf, untilSeconds } from "./list-images.ts";
import { removeImage } from "./remove-image.ts";

const accepted = ["dangling", "label", "label!", "until"];

/** Removes images without a name (with dangling=false: all that no container uses). One prune runs at a time. */
export function createPrune(deps: ImagesDeps): (filters: Filters) => Promise<ImagesPruneResponse> {
  let running = false;
  return async (filters) => {
    if (running) throw conflict("a prune operation is already running");
    running = true;
    try {
      return await prune(deps, filters);
    } finally {
      running = false;
    }
  };
}

async function prune(deps: ImagesDeps, filters: Filters): Promise<ImagesPruneResponse> {
  const chosen = candidates(deps, filters);
  const sizes = new Map(deps.layers.list().map(({ chainId, size }) => [chainId, size]));
  const items: ImageDeleteItem[] = [];
  for (const record of chosen) items.push(...(await removeQuietly(deps, record)));
  const named = items.reduce((sum, { Deleted }) => sum + (sizes.get(Deleted ?? "") ?? 0), 0);
  // What broken pulls have left is nobody's by now: this is the moment at which the user asks for the space.
  const leftovers = await collectAll(deps);
  await deps.blobs.sweepPartials(new Date());
  const SpaceReclaimed = named + leftovers.bytes;
  deps.emit("image", "prune", "", { reclaimed: String(SpaceReclaimed) });
  return { ImagesDeleted: items.length === 0 ? null : items, SpaceReclaimed };
}

function candidates({ store }: ImagesDeps, filters: Filters): ImageRecord[] {
  checkFilterNames(filters, accepted);
  const danglingOnly = booleanFilter(filters, "dangling") ?? true;
  const until = untilSeconds(filters) ?? Number.POSITIVE_INFINITY;
  const without = filters.get("label!");
  return store.list().filter((record) => {
    const names = store.references.of(record.id);
    const hasChildren = store.children(record.id).length > 0;
    const labels = record.config.config.Labels;
    if (record.detached || (hasChildren && (danglingOnly || names.length === 0))) return false;
    if (danglingOnly && names.some(({ digest }) => digest === undefined)) return false;
    if (secondsOf(record) > until || !hasLabels(labels, filters.get("label") ?? [])) return false;
    return without === undefined || !hasLabels(labels, without);
  });
}

/** An image that something needs is left; that is no failure of the prune. */
async function removeQuietly(deps: ImagesDeps, record: ImageRecord): Promise<ImageDeleteItem[]> {
  const names = deps.store.references.of(record.id).map(formatReference);
  const items: ImageDeleteItem[] = [];
  for (const name of names.length === 0 ? [record.id] : names) {
    try {
      items.push(...(await removeImage(deps, name, { force: false, prune: true })));
    } catch (error) {
      const expected = kindOf(error) === "conflict" || kindOf(error) === "not-found";
      if (!expected) deps.warn?.(`image ${name} was not pruned: ${messageOf(error)}`);
    }
  }
  return items;
}
