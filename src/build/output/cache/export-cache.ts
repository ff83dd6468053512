import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { mediaTypes } from "../../../spec/index.ts";
import type { Lease } from "../../../store/index.ts";
import type { Packer } from "../../../store/layers/index.ts";
import { archiveOf, blobName } from "../archive.ts";
import type { OutputDeps } from "../built-image.ts";
import type { CachedMount, CacheEntry } from "./cache-document.ts";
import { type CacheArtifact, cacheArtifact } from "./cache-manifest.ts";

export interface ExportCacheOptions {
  readonly entries: readonly CacheEntry[];
  /** Cache mounts that go with it: their folders, packed as they are now. */
  readonly mounts?: readonly { id: string; key: string; path: string }[];
  readonly packer: Packer;
  readonly signal: AbortSignal;
}

/**
 * A cache as an archive: `--cache-to type=local` and `.berthcache`. An OCI layout, in which each layer is once. Its blobs
 * are kept from being collected until the stream is closed.
 */
export async function exportCache(options: ExportCacheOptions, deps: OutputDeps): Promise<Readable> {
  const lease = deps.leases.take();
  try {
    const artifact = await makeArtifact(options, deps, lease);
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [artifact.descriptor] };
    const files = [
      { name: "oci-layout", bytes: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
      { name: "index.json", bytes: Buffer.from(JSON.stringify(index)) },
      { name: blobName(artifact.descriptor.digest), bytes: artifact.manifest },
      { name: blobName(artifact.configDigest), bytes: artifact.config },
      ...artifact.blobs.map(({ digest, size }) => ({ name: blobName(digest), blob: digest, size })),
    ];
    const stream = Readable.from(archiveOf(deps.blobs, files), { objectMode: false, highWaterMark: 1024 * 1024 });
    stream.once("close", () => lease.release());
    return stream;
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** Packs the mounts into the store and describes everything; the lease holds the blobs. */
export async function makeArtifact(
  options: ExportCacheOptions,
  deps: OutputDeps,
  lease: Lease,
): Promise<CacheArtifact> {
  for (const { layers } of options.entries) lease.hold(...layers.map(({ blob }) => blob.digest));
  const entries = options.entries.filter(({ layers }) => layers.every(({ blob }) => deps.blobs.has(blob.digest)));
  const mounts: CachedMount[] = [];
  for (const { id, key, path } of options.mounts ?? []) {
    const writer = await deps.blobs.ingest({ signal: options.signal });
    const packed = options.packer.toStream({
      path,
      form: "tree",
      root: true,
      compression: "zstd",
      hostile: true,
      signal: options.signal,
    });
    await pipeline(packed, writer);
    const { digest, size } = await writer.committed;
    lease.hold(digest);
    mounts.push({ id, key: `sha256:${key}`, blob: { mediaType: mediaTypes.ociLayerZstd, digest, size } });
  }
  return cacheArtifact({ entries, mounts });
}
