import type { Digest } from "../../spec/index.ts";
import type { BlobInfo } from "../blobs/index.ts";
import { blobsOf, type ImageRecord } from "./image-record.ts";

/** What a layer store says of a layer, as far as collection goes. */
export interface LayerFacts {
  readonly chainId: Digest;
  readonly parent?: Digest | undefined;
  readonly size: number;
}

export interface CollectionFacts {
  records: readonly ImageRecord[];
  blobs: readonly BlobInfo[];
  layers: readonly LayerFacts[];
  holds(id: string): boolean;
  /** Only blobs last written before this; all where undefined. What a broken pull has verified is kept for the next. */
  before?: Date;
}

export interface CollectionPlan {
  blobs: BlobInfo[];
  /** The highest first, so that a layer never outlives what it stands on. */
  layers: LayerFacts[];
}

/** Decides which blobs and layers no image and no operation needs. */
export function planCollection(facts: CollectionFacts): CollectionPlan {
  const used = new Set(facts.records.flatMap((record) => [...blobsOf(record), ...record.layers.map((l) => l.chainId)]));
  const free = (id: string): boolean => !used.has(id) && !facts.holds(id);
  const old = (blob: BlobInfo): boolean => facts.before === undefined || blob.modified < facts.before;
  return {
    blobs: facts.blobs.filter((blob) => free(blob.digest) && old(blob)),
    layers: byHeight(facts.layers.filter((layer) => free(layer.chainId))),
  };
}

function byHeight(layers: LayerFacts[]): LayerFacts[] {
  const byId = new Map(layers.map((layer) => [layer.chainId, layer]));
  const height = (layer: LayerFacts): number => {
    let count = 0;
    let below = layer.parent === undefined ? undefined : byId.get(layer.parent);
    while (below !== undefined && count < byId.size) {
      count++;
      below = below.parent === undefined ? undefined : byId.get(below.parent);
    }
    return count;
  };
  return layers
    .map((layer) => ({ layer, height: height(layer) }))
    .sort((a, b) => b.height - a.height)
    .map(({ layer }) => layer);
}

export interface CollectionTools {
  removeBlob(digest: Digest): Promise<number>;
  removeLayer(chainId: Digest): Promise<void>;
  holds(id: string): boolean;
  /** A removal that failed; the others go on. */
  warn(message: string): void;
}

/** Carries a plan out; what was leased meanwhile is left. Gives the layers removed and the bytes of their files. */
export async function executeCollection(
  plan: CollectionPlan,
  tools: CollectionTools,
): Promise<{ layers: Digest[]; bytes: number }> {
  const removed: Digest[] = [];
  let bytes = 0;
  for (const layer of plan.layers) {
    if (tools.holds(layer.chainId)) continue;
    try {
      await tools.removeLayer(layer.chainId);
      removed.push(layer.chainId);
      bytes += layer.size;
    } catch (error) {
      tools.warn(`layer ${layer.chainId} could not be removed: ${String(error)}`);
    }
  }
  for (const blob of plan.blobs) {
    if (tools.holds(blob.digest)) continue;
    try {
      await tools.removeBlob(blob.digest);
    } catch (error) {
      tools.warn(`blob ${blob.digest} could not be removed: ${String(error)}`);
    }
  }
  return { layers: removed, bytes };
}
