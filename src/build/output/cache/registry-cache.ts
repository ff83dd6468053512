import { pipeline } from "node:stream/promises";
import { invalid } from "../../../lib/index.ts";
import { type Digest, mediaTypes, type Reference } from "../../../spec/index.ts";
import type { OutputDeps } from "../built-image.ts";
import { type Clients, placeOf, sendBlobs, sendBytes } from "../push-image.ts";
import { parseCacheDocument } from "./cache-document.ts";
import { readCacheManifest } from "./cache-manifest.ts";
import { type ExportCacheOptions, makeArtifact } from "./export-cache.ts";
import { type ImportDeps, type ImportedCache, openCache } from "./import-cache.ts";

/** `--cache-to type=registry` and `cache export REF`: gives the manifest's digest. */
export async function pushCache(
  reference: Reference,
  options: ExportCacheOptions,
  deps: OutputDeps & { clients: Clients },
): Promise<Digest> {
  const { signal } = options;
  const lease = deps.leases.take();
  try {
    const { blobs, config, descriptor, manifest } = await makeArtifact(options, deps, lease);
    const client = deps.clients(reference.domain);
    await sendBlobs(client, reference.path, blobs, deps.blobs, signal);
    await sendBytes(client, reference.path, config, signal);
    const { mediaType } = descriptor;
    return await client.pushManifest(placeOf(reference), { mediaType, bytes: manifest }, { signal });
  } finally {
    lease.release();
  }
}

const DOCUMENT = 16 * 1024 * 1024;

/**
 * `--cache-from type=registry`: reads what there is; layers come when they are needed, each verified by its digest while
 * it is received and by its diff id when it is unpacked. "not-found" where there is no such reference.
 */
export async function pullCache(
  reference: Reference,
  deps: ImportDeps & { clients: Clients },
  signal: AbortSignal,
): Promise<ImportedCache> {
  const client = deps.clients(reference.domain);
  const lease = deps.leases.take();
  const fetchBlob = async (digest: Digest, limit: number): Promise<void> => {
    lease.hold(digest);
    if (deps.blobs.has(digest)) return;
    const writer = await deps.blobs.ingest({ expected: digest, limit, signal });
    try {
      const found = await client.fetchBlob(reference.path, digest, { signal, offset: writer.offset });
      if (found.offset !== writer.offset) throw invalid("the registry cannot resume a download");
      await pipeline(found.stream, writer);
    } catch (error) {
      writer.destroy();
      throw error;
    }
    await writer.committed;
  };
  try {
    const { bytes } = await client.resolve(placeOf(reference), { accept: [mediaTypes.ociManifest], signal });
    const { blobs, config } = readCacheManifest(bytes);
    await fetchBlob(config.digest, DOCUMENT);
    const document = parseCacheDocument(await deps.blobs.read(config.digest, DOCUMENT));
    const offered = new Map(blobs.map(({ digest, size }) => [digest, size]));
    const fetchNamed = (digest: Digest) => fetchBlob(digest, offered.get(digest) ?? 0);
    return openCache(document, new Set(offered.keys()), deps, lease, fetchNamed);
  } catch (error) {
    lease.release();
    throw error;
  }
}
