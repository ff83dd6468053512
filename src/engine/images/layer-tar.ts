import type { Readable } from "node:stream";
import { createGunzip, detectCompression, MAGIC_BYTES, peek } from "../../lib/compress/index.ts";
import { doing } from "../../lib/index.ts";
import { type Descriptor, type Digest, mediaTypes } from "../../spec/index.ts";
import type { BlobStore } from "../../store/index.ts";
import { unzstd } from "../../system/index.ts";

/** A layer's uncompressed tar from its blob. */
export async function* layerTar(blobs: BlobStore, blob: Descriptor): AsyncGenerator<Buffer> {
  const { head, whole } = await peek(blobs.openRead(blob.digest), MAGIC_BYTES);
  const compression = detectCompression(head);
  if (compression === "zstd") yield* unzstd(whole);
  else if (compression === "gzip") yield* gunzip(blobs.openRead(blob.digest));
  else yield* whole;
}

async function* gunzip(source: Readable): AsyncGenerator<Buffer> {
  const plain = source.on("error", (error) => plain.destroy(error)).pipe(createGunzip());
  try {
    for await (const chunk of plain) yield chunk as Buffer;
  } finally {
    source.destroy();
  }
}

/**
 * Tells how long layers' tars are. It is the blob's size for a plain one; others are unpacked once to be counted, and
 * the count is kept for as long as this lives.
 */
export function createTarSizes(blobs: BlobStore): (diffId: Digest, blob: Descriptor) => Promise<number> {
  const known = new Map<Digest, number>();
  return async (diffId, blob) => {
    if (blob.mediaType === mediaTypes.ociLayer || blob.mediaType === mediaTypes.dockerLayer) return blob.size;
    const before = known.get(diffId);
    if (before !== undefined) return before;
    let size = 0;
    try {
      for await (const chunk of layerTar(blobs, blob)) size += chunk.length;
    } catch (error) {
      throw doing(`reading layer ${diffId}`, error);
    }
    known.set(diffId, size);
    return size;
  };
}
