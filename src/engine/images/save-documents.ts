import { type Digest, digestOf, familiar, familiarName, formatReference, mediaTypes } from "../../spec/index.ts";
import { platformOf } from "./resolve-image.ts";
import type { SavedImage } from "./save-selection.ts";

/** Of a layer as it is written: plain, under its diff id. */
export interface SavedLayer {
  diffId: Digest;
  size: number;
}

export interface SaveDocuments {
  /** Manifests, by their digest. */
  manifests: Map<Digest, Buffer>;
  /** Files at the archive's root. */
  files: Map<string, Buffer>;
}

/**
 * The documents around configs and layers, as Docker 28 writes them: an OCI layout (oci-layout, index.json, one
 * manifest for each image) and for older readers manifest.json and repositories. `configSize` in bytes.
 */
export function saveDocuments(
  images: readonly { image: SavedImage; layers: readonly SavedLayer[]; configSize: number }[],
): SaveDocuments {
  const manifests = new Map<Digest, Buffer>();
  const index: object[] = [];
  const docker: object[] = [];
  const repositories: Record<string, Record<string, string>> = {};
  for (const { image, layers, configSize } of images) {
    const descriptors = layers.map(({ diffId, size }) => ({ mediaType: mediaTypes.ociLayer, digest: diffId, size }));
    const bytes = manifestBytes(image, descriptors, configSize);
    const digest = digestOf(bytes);
    manifests.set(digest, bytes);
    index.push(...indexEntries(image, digest, bytes.length));
    docker.push(dockerItem(image, descriptors));
    for (const tag of image.tags) {
      const repository = familiarName(tag);
      repositories[repository] = { ...repositories[repository], [tag.tag ?? ""]: hex(layers.at(-1)?.diffId ?? "") };
    }
  }
  const whole = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: index };
  const files = new Map([
    ["index.json", json(whole)],
    ["manifest.json", json(docker)],
    ["oci-layout", Buffer.from('{"imageLayoutVersion": "1.0.0"}')],
  ]);
  if (Object.keys(repositories).length > 0) files.set("repositories", json(repositories));
  return { manifests, files };
}

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
const hex = (digest: string): string => digest.slice(digest.indexOf(":") + 1);
export const blobName = (digest: Digest): string => `blobs/sha256/${hex(digest)}`;

function manifestBytes({ record }: SavedImage, layers: object[], configSize: number): Buffer {
  const config = { mediaType: mediaTypes.ociConfig, digest: record.id, size: configSize };
  return json({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers });
}

function indexEntries(image: SavedImage, digest: Digest, size: number): object[] {
  const entry = { mediaType: mediaTypes.ociManifest, digest, size, platform: platformOf(image.record) };
  if (image.tags.length === 0) return [entry];
  return image.tags.map((tag) => ({
    ...entry,
    annotations: {
      "io.containerd.image.name": formatReference(tag),
      "org.opencontainers.image.ref.name": tag.tag,
    },
  }));
}

function dockerItem(image: SavedImage, layers: { digest: Digest }[]): object {
  return {
    Config: blobName(image.record.id),
    RepoTags: image.tags.length === 0 ? null : image.tags.map(familiar),
    Layers: layers.map(({ digest }) => blobName(digest)),
    LayerSources: Object.fromEntries(layers.map((layer) => [layer.digest, layer])),
  };
}
