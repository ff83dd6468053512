import { BerthError } from "../../lib/index.ts";
import type { Descriptor, Digest, ImageConfig } from "../../spec/index.ts";
import { blobsOf, chainIdsOf, type ImageRecord } from "../../store/index.ts";
import type { ImagesDeps } from "./images-context.ts";

export interface NewImage {
  id: Digest;
  config: ImageConfig;
  /** One for each of the config's diff ids. */
  blobs: readonly Descriptor[];
  manifest?: Digest;
  mediaType: string;
  parent?: Digest;
}

/**
 * Writes an image's record once all that it needs is there; what an earlier record of the same image knew (its parent,
 * when it was tagged) is kept. Kind "unavailable" where something it needs has gone meanwhile.
 */
export async function saveRecord(deps: ImagesDeps, image: NewImage): Promise<ImageRecord> {
  const { id, config, manifest, mediaType } = image;
  const diffIds = config.rootfs.diff_ids;
  const chainIds = chainIdsOf(diffIds);
  const layers = diffIds.map((diffId, index) => {
    const [chainId, blob] = [chainIds[index], image.blobs[index]];
    if (chainId === undefined || blob === undefined)
      throw new BerthError("internal", "an image has fewer layers than its config");
    return { diffId, chainId, blob };
  });
  const size = layers.reduce((sum, { chainId }) => sum + sizeOf(deps, chainId), 0);
  const before = deps.store.get(id);
  const parent = image.parent ?? before?.parent;
  const record: ImageRecord = {
    schema: 1,
    id,
    ...(manifest === undefined ? {} : { manifest }),
    mediaType,
    created: config.created ?? "",
    size,
    config,
    layers,
    ...(parent === undefined ? {} : { parent }),
    ...(before?.lastTagTime === undefined ? {} : { lastTagTime: before.lastTagTime }),
  };
  for (const digest of blobsOf(record))
    if (!deps.blobs.has(digest)) throw new BerthError("unavailable", `blob ${digest} of image ${id} is missing`);
  await deps.store.put(record);
  return record;
}

function sizeOf({ layers }: ImagesDeps, chainId: Digest): number {
  const layer = layers.get(chainId);
  if (layer === undefined) throw new BerthError("unavailable", `layer ${chainId} is missing`);
  return layer.size;
}

/** The blob by which an image that is here has a layer; undefined where none has it. */
export function knownBlob({ store, blobs, layers }: ImagesDeps, chainId: Digest): Descriptor | undefined {
  if (layers.get(chainId) === undefined) return undefined;
  for (const record of store.list()) {
    const found = record.layers.find((layer) => layer.chainId === chainId);
    if (found !== undefined && blobs.has(found.blob.digest)) return found.blob;
  }
  return undefined;
}
