import type { Digest } from "../../spec/index.ts";
import { type CollectionFacts, executeCollection, type Lease, planCollection } from "../../store/index.ts";
import type { ImagesDeps } from "./images-context.ts";

export interface Collected {
  /** Chain ids of the layers that went, and the bytes of their files. */
  layers: Digest[];
  bytes: number;
}

/** Removes every blob and layer that no image needs; with `before` only blobs last written earlier. */
export async function collectAll(deps: ImagesDeps, before?: Date): Promise<Collected> {
  // While something is under way, what nobody names yet may be on its way in.
  if (!deps.store.leases.idle || deps.store.unreadable.length > 0) return { layers: [], bytes: 0 };
  const facts = { blobs: await deps.blobs.list(), layers: deps.layers.list() };
  return collect(deps, { ...facts, ...(before === undefined ? {} : { before }) });
}

/** Removes, of these blobs and layers, what no image and no operation needs. */
export async function collectAmong(deps: ImagesDeps, ids: Iterable<string>): Promise<Collected> {
  const mine = new Set(ids);
  const infos = await Promise.all([...mine].map((id) => deps.blobs.stat(id)));
  const layers = deps.layers.list().filter(({ chainId }) => mine.has(chainId));
  return collect(deps, { blobs: infos.filter((info) => info !== undefined), layers });
}

/** Ends an operation that has failed: what it alone has brought in goes. */
export async function abandon(deps: ImagesDeps, lease: Lease): Promise<void> {
  const held = [...lease.held];
  lease.release();
  await collectAmong(deps, held);
}

async function collect(
  deps: ImagesDeps,
  facts: Pick<CollectionFacts, "blobs" | "layers" | "before">,
): Promise<Collected> {
  const { store, blobs, layers } = deps;
  const { holds } = store.leases;
  return executeCollection(planCollection({ ...facts, records: store.list(), holds }), {
    removeBlob: (digest) => blobs.remove(digest),
    removeLayer: (chainId) => layers.remove(chainId),
    holds,
    warn: (message) => deps.warn?.(message),
  });
}
