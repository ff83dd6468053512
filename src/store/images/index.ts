/**
 * Images as records: what is known of each, the names that stand for them, and the collection of blobs and layers
 * that no image needs. Vocabulary: a *record* is one image; a *reference* a name with tag or digest; a *lease* keeps
 * blobs and layers while an operation works on them; a *detached* record is kept for its containers only.
 */
export {
  type CollectionFacts,
  type CollectionPlan,
  type CollectionTools,
  executeCollection,
  type LayerFacts,
  planCollection,
} from "./garbage.ts";
export { blobsOf, chainIdsOf, type ImageLayer, type ImageRecord } from "./image-record.ts";
export { type ImageStore, openImageStore } from "./image-store.ts";
export type { Lease, Leases } from "./leases.ts";
export type { References } from "./references.ts";
