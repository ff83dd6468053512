import { invalid } from "../../../lib/index.ts";
import { type Descriptor, type Digest, digestOf, mediaTypes, parseManifest } from "../../../spec/index.ts";
import { type CacheDocument, encodeCacheDocument } from "./cache-document.ts";

const CACHE_CONFIG = "application/vnd.berth.buildcache.config.v1+json";
const CACHE_ARTIFACT = "application/vnd.berth.buildcache.v1";
const CACHE_MOUNT = "application/vnd.berth.buildcache.mount.v1.tar+zstd";

/** A cache as an OCI artifact: its document is the config, layers and mounts are the layers. */
export interface CacheArtifact {
  readonly config: Buffer;
  readonly configDigest: Digest;
  readonly manifest: Buffer;
  readonly descriptor: Descriptor;
  /** Each once. */
  readonly blobs: readonly Descriptor[];
}

export function cacheArtifact(document: CacheDocument): CacheArtifact {
  const blobs = new Map<string, Descriptor>();
  for (const { layers } of document.entries) for (const { blob } of layers) blobs.set(blob.digest, blob);
  for (const { blob } of document.mounts) blobs.set(blob.digest, { ...blob, mediaType: CACHE_MOUNT });
  const config = encodeCacheDocument(document);
  const configDigest = digestOf(config);
  const layers = [...blobs.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: CACHE_ARTIFACT,
      config: { mediaType: CACHE_CONFIG, digest: configDigest, size: config.length },
      layers,
    }),
  );
  const descriptor = {
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(manifest),
    size: manifest.length,
    artifactType: CACHE_ARTIFACT,
  };
  return { config, configDigest, manifest, descriptor, blobs: layers };
}

/** The config's descriptor, and the blobs that the artifact brings. Throws "invalid" for another kind of manifest. */
export function readCacheManifest(bytes: Uint8Array): { config: Descriptor; blobs: readonly Descriptor[] } {
  const { config, layers } = parseManifest(bytes, mediaTypes.ociManifest);
  if (config.mediaType !== CACHE_CONFIG) throw invalid("this is not a build cache of Berth's");
  return { config, blobs: layers };
}
