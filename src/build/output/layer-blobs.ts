import { pipeline } from "node:stream/promises";
import { createGzip, detectCompression, MAGIC_BYTES } from "../../lib/compress/index.ts";
import { type Descriptor, type Digest, mediaTypes } from "../../spec/index.ts";
import type { BlobStore, Lease } from "../../store/index.ts";
import { decompress } from "../../store/layers/index.ts";
import { zstd } from "../../system/index.ts";
import type { BuiltImage } from "./built-image.ts";
import type { LayerCompression, OutputOptions } from "./output-options.ts";

type Layer = BuiltImage["layers"][number];

const TYPES: Record<LayerCompression, { oci: string; docker: string }> = {
  uncompressed: { oci: mediaTypes.ociLayer, docker: mediaTypes.dockerLayer },
  gzip: { oci: mediaTypes.ociLayerGzip, docker: mediaTypes.dockerLayerGzip },
  zstd: { oci: mediaTypes.ociLayerZstd, docker: mediaTypes.ociLayerZstd },
};

/** What was packed before, so that the next output of the same layer costs nothing. */
const known = new Map<string, { digest: Digest; size: number }>();
const knownLimit = 10_000;

/**
 * A layer's blob as the output wants it packed: the one that is there, or another that is made of it in the store and
 * held by the lease. The same layer gives the same bytes.
 */
export async function layerBlob(
  blobs: BlobStore,
  lease: Lease,
  layer: Layer,
  options: Pick<OutputOptions, "compression" | "level" | "ociMediaTypes">,
): Promise<Descriptor> {
  const { compression, ociMediaTypes } = options;
  const mediaType = TYPES[compression][ociMediaTypes ? "oci" : "docker"];
  lease.hold(layer.blob.digest);
  if (options.level === undefined && (await compressionOf(blobs, layer.blob)) === compression) {
    const { digest, size } = layer.blob;
    return { mediaType, digest, size };
  }
  const key = `${layer.diffId} ${compression} ${options.level ?? ""}`;
  const before = known.get(key);
  if (before !== undefined && blobs.has(before.digest)) {
    lease.hold(before.digest);
    return { mediaType, ...before };
  }
  const packed = await pack(blobs, layer.blob, options);
  lease.hold(packed.digest);
  if (known.size >= knownLimit) known.clear();
  known.set(key, packed);
  return { mediaType, ...packed };
}

/** By the first bytes: a media type may not tell. */
async function compressionOf(blobs: BlobStore, { digest }: Descriptor): Promise<string> {
  const stream = blobs.openRead(digest, { start: 0, end: MAGIC_BYTES - 1 });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const found = detectCompression(Buffer.concat(chunks));
  return found === "none" ? "uncompressed" : found;
}

async function pack(
  blobs: BlobStore,
  { digest }: Descriptor,
  { compression, level }: Pick<OutputOptions, "compression" | "level">,
): Promise<{ digest: Digest; size: number }> {
  const writer = await blobs.ingest();
  const leveled = level === undefined ? {} : { level };
  const source = blobs.openRead(digest);
  const { data } = await decompress(source);
  try {
    if (compression === "gzip")
      await pipeline(data, createGzip(level === undefined ? {} : { level: Math.min(level, 9) }), writer);
    else await pipeline(compression === "zstd" ? zstd(data as AsyncIterable<Buffer>, leveled) : data, writer);
  } catch (error) {
    source.destroy();
    writer.destroy();
    throw error;
  }
  return writer.committed;
}
