import { type Descriptor, type Digest, digestOf, mediaTypes } from "../../spec/index.ts";
import type { BuiltImage } from "./built-image.ts";
import type { OutputOptions } from "./output-options.ts";

/** An image's documents, ready for an archive or a registry. */
export interface ImageDocuments {
  /** The manifest's, or that of the index where there are several platforms. */
  readonly root: Descriptor;
  /** Configs, manifests and index, by digest. */
  readonly documents: ReadonlyMap<Digest, Buffer>;
  readonly images: readonly {
    image: BuiltImage;
    config: Descriptor;
    manifest: Descriptor;
    layers: readonly Descriptor[];
  }[];
}

/** Makes manifests, and an index for several platforms. Pure: the same images give the same bytes. */
export function imageDocuments(
  images: readonly { image: BuiltImage; layers: readonly Descriptor[] }[],
  { ociMediaTypes, annotations }: Pick<OutputOptions, "ociMediaTypes" | "annotations">,
): ImageDocuments {
  const documents = new Map<Digest, Buffer>();
  const add = (mediaType: string, bytes: Buffer): Descriptor => {
    const digest = digestOf(bytes);
    documents.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const types = ociMediaTypes
    ? { config: mediaTypes.ociConfig, manifest: mediaTypes.ociManifest, index: mediaTypes.ociIndex }
    : { config: mediaTypes.dockerConfig, manifest: mediaTypes.dockerManifest, index: mediaTypes.dockerIndex };
  const made = images.map(({ image, layers }) => {
    const config = add(types.config, image.config);
    const text = { schemaVersion: 2, mediaType: types.manifest, config, layers, ...some(annotations.manifest) };
    const described = { ...add(types.manifest, json(text)), ...some(annotations["manifest-descriptor"]) };
    return { image, config, manifest: described, layers };
  });
  const [first] = made;
  if (made.length === 1 && first !== undefined) {
    return { root: { ...first.manifest, platform: first.image.platform }, documents, images: made };
  }
  const manifests = made.map(({ image, manifest }) => ({ ...manifest, platform: image.platform }));
  const index = { schemaVersion: 2, mediaType: types.index, manifests, ...some(annotations.index) };
  const root = { ...add(types.index, json(index)), ...some(annotations["index-descriptor"]) };
  return { root, documents, images: made };
}

const json = (value: object) => Buffer.from(JSON.stringify(value, null, 2));

function some(annotations: Readonly<Record<string, string>>): { annotations?: Record<string, string> } {
  return Object.keys(annotations).length === 0 ? {} : { annotations: { ...annotations } };
}
