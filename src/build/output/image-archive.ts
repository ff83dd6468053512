import { Readable } from "node:stream";
import { invalid } from "../../lib/index.ts";
import { type Descriptor, mediaTypes } from "../../spec/index.ts";
import type { Lease } from "../../store/index.ts";
import { type ArchiveFile, archiveOf, blobName } from "./archive.ts";
import type { BuiltImage, OutputDeps } from "./built-image.ts";
import { type ImageDocuments, imageDocuments } from "./image-documents.ts";
import { layerBlob } from "./layer-blobs.ts";
import { nameTexts, type OutputOptions } from "./output-options.ts";

/**
 * `--output type=docker` and `type=oci`: an OCI layout as a tar; "docker" adds the manifest.json that `docker load`
 * reads, and takes one platform. Layers are packed before the first byte; what is in the archive is kept from being
 * collected until the stream is closed.
 */
export async function imageArchive(
  type: "docker" | "oci",
  images: readonly BuiltImage[],
  options: OutputOptions,
  deps: OutputDeps,
): Promise<Readable> {
  if (options.push) throw invalid(`output type ${type} cannot be pushed`, { hint: "use type=image,push=true" });
  if (type === "docker" && images.length > 1) {
    throw invalid("docker exporter does not currently support exporting manifest lists", { hint: "use type=oci" });
  }
  const lease = deps.leases.take();
  try {
    const documents = await documentsOf(images, options, deps, lease);
    const files = filesOf(type, documents, options);
    const stream = Readable.from(archiveOf(deps.blobs, files), { objectMode: false, highWaterMark: 1024 * 1024 });
    stream.once("close", () => lease.release());
    return stream;
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** Manifests of the images with their layers packed as the options say; the lease holds the blobs. */
export async function documentsOf(
  images: readonly BuiltImage[],
  options: OutputOptions,
  deps: OutputDeps,
  lease: Lease,
): Promise<ImageDocuments> {
  const packed: { image: BuiltImage; layers: Descriptor[] }[] = [];
  for (const image of images) {
    const layers: Descriptor[] = [];
    for (const layer of image.layers) layers.push(await layerBlob(deps.blobs, lease, layer, options));
    packed.push({ image, layers });
  }
  return imageDocuments(packed, options);
}

function filesOf(
  type: "docker" | "oci",
  { documents, images, root }: ImageDocuments,
  options: OutputOptions,
): ArchiveFile[] {
  const names = options.names.map(nameTexts);
  const named = names.map(({ whole, tag }) => ({
    ...root,
    annotations: {
      ...root.annotations,
      "io.containerd.image.name": whole,
      "org.opencontainers.image.ref.name": tag,
    },
  }));
  const manifests = named.length === 0 ? [root] : named;
  const files: ArchiveFile[] = [
    { name: "oci-layout", bytes: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { name: "index.json", bytes: json({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }) },
    ...[...documents].map(([digest, bytes]) => ({ name: blobName(digest), bytes })),
    ...images.flatMap(({ layers }) =>
      layers.map(({ digest, size }) => ({ name: blobName(digest), blob: digest, size })),
    ),
  ];
  if (type === "docker") {
    const items = images.map(({ config, layers }) => ({
      Config: blobName(config.digest),
      RepoTags: names.length === 0 ? null : names.map(({ short }) => short),
      Layers: layers.map(({ digest }) => blobName(digest)),
    }));
    files.push({ name: "manifest.json", bytes: json(items) });
  }
  return files;
}

const json = (value: object) => Buffer.from(JSON.stringify(value));
