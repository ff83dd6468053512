import { gzipSync } from "node:zlib";
import { type Descriptor, type Digest, digestOf, mediaTypes } from "../../spec/index.ts";

/** What a registry for tests holds: blobs by digest, manifests by digest and tag, for each repository. */
export interface RegistryContent {
  readonly blobs: ReadonlyMap<Digest, Buffer>;
  repository(path: string): RepositoryContent | undefined;
  /** Adds a blob that every repository can see. */
  putBlob(bytes: Uint8Array, mediaType?: string): Descriptor;
  /** Adds a manifest or index as it is, right or wrong, with its tags. */
  putManifest(path: string, bytes: Uint8Array | object, mediaType: string, ...tags: string[]): Descriptor;
  /** Adds an image of uncompressed layer tars (gzipped here) with a right config and manifest. */
  putImage(path: string, tag: string, image?: TestImage): PutImage;
}

export interface RepositoryContent {
  readonly manifests: Map<Digest, { bytes: Buffer; mediaType: string }>;
  readonly tags: Map<string, Digest>;
}

export interface TestImage {
  /** Uncompressed tars, the lowest layer first. */
  layers?: readonly Uint8Array[];
  /** "gzip" unless given. */
  compression?: "gzip" | "none";
  /** The config's `config` member. */
  config?: object;
  os?: string;
  architecture?: string;
}

export interface PutImage {
  manifest: Descriptor;
  config: Descriptor;
  layers: Descriptor[];
  diffIds: Digest[];
}

export function createContent(): RegistryContent {
  const blobs = new Map<Digest, Buffer>();
  const repositories = new Map<string, RepositoryContent>();

  const putBlob = (bytes: Uint8Array, mediaType = "application/octet-stream"): Descriptor => {
    const digest = digestOf(bytes);
    blobs.set(digest, Buffer.from(bytes));
    return { mediaType, digest, size: bytes.byteLength };
  };

  const putManifest = (
    path: string,
    document: Uint8Array | object,
    mediaType: string,
    ...tags: string[]
  ): Descriptor => {
    const bytes = document instanceof Uint8Array ? Buffer.from(document) : Buffer.from(JSON.stringify(document));
    const digest = digestOf(bytes);
    const repository = repositories.get(path) ?? { manifests: new Map(), tags: new Map() };
    repositories.set(path, repository);
    repository.manifests.set(digest, { bytes, mediaType });
    for (const tag of tags) repository.tags.set(tag, digest);
    return { mediaType, digest, size: bytes.byteLength };
  };

  return {
    blobs,
    repository: (path) => repositories.get(path),
    putBlob,
    putManifest,
    putImage(path, tag, { layers = [], compression = "gzip", config = {}, os = "linux", architecture = "amd64" } = {}) {
      const diffIds = layers.map((layer) => digestOf(layer));
      const descriptors = layers.map((layer) =>
        compression === "none"
          ? putBlob(layer, mediaTypes.ociLayer)
          : putBlob(gzipSync(layer), mediaTypes.ociLayerGzip),
      );
      const document = { os, architecture, config, rootfs: { type: "layers", diff_ids: diffIds }, history: [] };
      const configBlob = putBlob(Buffer.from(JSON.stringify(document)), mediaTypes.ociConfig);
      const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: configBlob, layers: descriptors };
      const descriptor = putManifest(path, manifest, mediaTypes.ociManifest, tag);
      return { manifest: descriptor, config: configBlob, layers: descriptors, diffIds };
    },
  };
}
