import { Readable } from "node:stream";
import { invalid } from "../../lib/index.ts";
import type { RegistryClient } from "../../registry/index.ts";
import { type Descriptor, type Digest, digestOf, formatReference, type Reference } from "../../spec/index.ts";
import type { BlobStore } from "../../store/index.ts";
import type { BuiltImage, OutputDeps } from "./built-image.ts";
import { documentsOf } from "./image-archive.ts";
import type { OutputOptions } from "./output-options.ts";

/** A client for a registry; the caller's, who closes it. */
export type Clients = (domain: string) => RegistryClient;

export interface Pushed {
  readonly reference: string;
  readonly digest: Digest;
}

/** `--push`, `--output type=registry` and `type=image,push=true`: sends the images, layers first, under every name. */
export async function pushImages(
  images: readonly BuiltImage[],
  options: OutputOptions,
  deps: OutputDeps & { clients: Clients },
  signal: AbortSignal,
): Promise<Pushed[]> {
  if (options.names.length === 0) throw invalid("tag is needed when pushing to registry");
  const lease = deps.leases.take();
  try {
    const documents = await documentsOf(images, options, deps, lease);
    const pushed: Pushed[] = [];
    for (const name of options.names) {
      const client = deps.clients(name.domain);
      for (const { layers, config, manifest } of documents.images) {
        await sendBlobs(client, name.path, layers, deps.blobs, signal);
        await sendBytes(client, name.path, documents.documents.get(config.digest), signal);
        if (manifest.digest === documents.root.digest) continue;
        const bytes = need(documents.documents.get(manifest.digest));
        const { digest, mediaType } = manifest;
        await client.pushManifest({ path: name.path, digest }, { mediaType, bytes }, { signal });
      }
      const bytes = need(documents.documents.get(documents.root.digest));
      const { mediaType } = documents.root;
      const digest = await client.pushManifest(placeOf(name), { mediaType, bytes }, { signal });
      pushed.push({ reference: formatReference(name), digest });
    }
    return pushed;
  } finally {
    lease.release();
  }
}

export function placeOf({ path, tag = "latest" }: Reference) {
  return { path, tag };
}

function need(bytes: Buffer | undefined): Buffer {
  if (bytes === undefined) throw invalid("an image without its manifest");
  return bytes;
}

export async function sendBlobs(
  client: RegistryClient,
  repository: string,
  descriptors: readonly Descriptor[],
  blobs: BlobStore,
  signal: AbortSignal,
): Promise<void> {
  for (const { digest, size } of descriptors)
    await client.pushBlob(repository, { digest, size, open: () => blobs.openRead(digest) }, { signal });
}

export async function sendBytes(
  client: RegistryClient,
  repository: string,
  bytes: Buffer | undefined,
  signal: AbortSignal,
): Promise<void> {
  const content = need(bytes);
  const blob = { digest: digestOf(content), size: content.length, open: () => Readable.from([content]) };
  await client.pushBlob(repository, blob, { signal });
}
