import { closeSync } from "node:fs";
import { BerthError, invalid } from "../../../lib/index.ts";
import { type Digest, mediaTypes, parseIndex } from "../../../spec/index.ts";
import type { Lease, SpooledEntry } from "../../../store/index.ts";
import type { LayerStore } from "../../../store/layers/index.ts";
import type { Archives } from "../../../store/trees/index.ts";
import { openRoot } from "../../../system/index.ts";
import { blobName } from "../archive.ts";
import type { OutputDeps } from "../built-image.ts";
import { type CacheDocument, type CachedMount, type CacheEntry, parseCacheDocument } from "./cache-document.ts";
import { readCacheManifest } from "./cache-manifest.ts";

/**
 * A cache from elsewhere, for one build. It is asked by keys that this builder has computed, so that what it offers for
 * other work is never looked at; and a layer counts only once its content has the diff id that its entry says.
 */
export interface ImportedCache {
  find(key: Digest): CacheEntry | undefined;
  /** Unpacks the layers of an entry; gives their chain ids. Rejects with "corrupt" where one is not what it says. */
  materialise(entry: CacheEntry, signal: AbortSignal): Promise<Digest[]>;
  readonly mounts: readonly CachedMount[];
  /** Unpacks a cache mount's content into an empty folder. */
  fillMount(mount: CachedMount, target: string, signal: AbortSignal): Promise<void>;
  /** Lets go of the blobs. */
  close(): void;
}

export interface ImportDeps extends OutputDeps {
  readonly layers: LayerStore;
  readonly archives: Archives;
}

const DOCUMENT = 16 * 1024 * 1024;
const LIMITS = { entries: 40_000, bytes: 256 * 1024 ** 3 };

/** Reads an archive that `exportCache` has written; its blobs become the store's. */
export async function importCache(
  source: AsyncIterable<Buffer>,
  deps: ImportDeps,
  signal: AbortSignal,
): Promise<ImportedCache> {
  const spooled = await deps.blobs.spool(source, { limits: LIMITS, signal });
  const lease = deps.leases.take();
  try {
    const files = new Map(spooled.entries.map((entry) => [entry.name, entry]));
    // A blob is found by its digest and has been hashed: a file under another's name is no blob.
    const blobFile = (digest: Digest): SpooledEntry => {
      const entry = files.get(blobName(digest));
      if (entry === undefined) throw invalid(`the build cache lacks ${digest}`);
      if (entry.digest !== digest) throw new BerthError("corrupt", `the build cache's ${digest} is ${entry.digest}`);
      return entry;
    };
    const keep = async (digest: Digest): Promise<void> => {
      lease.hold(digest);
      await deps.blobs.adopt(blobFile(digest));
    };
    const [root] = parseIndex(await textOf(files.get("index.json"), deps), mediaTypes.ociIndex).manifests;
    if (root === undefined) throw invalid("the build cache is empty");
    await keep(root.digest);
    const { config, blobs } = readCacheManifest(await deps.blobs.read(root.digest));
    if (config.size > DOCUMENT) throw invalid("the build cache is too large");
    await keep(config.digest);
    for (const { digest } of blobs) await keep(digest);
    const document = parseCacheDocument(await deps.blobs.read(config.digest, DOCUMENT));
    return openCache(document, new Set(blobs.map(({ digest }) => digest)), deps, lease);
  } catch (error) {
    lease.release();
    throw error;
  } finally {
    await spooled.remove();
  }
}

async function textOf(entry: SpooledEntry | undefined, { blobs }: ImportDeps): Promise<Buffer> {
  if (entry?.digest === undefined || entry.size > 1024 * 1024) throw invalid("the build cache has no index.json");
  return blobs.read(await blobs.adopt(entry));
}

/** A document whose blobs are in the store, or which `bring` brings there. */
export function openCache(
  document: CacheDocument,
  present: ReadonlySet<Digest>,
  deps: ImportDeps,
  lease: Lease,
  bring: (digest: Digest) => Promise<void> = async () => {},
): ImportedCache {
  const usable = document.entries.filter(({ layers }) => layers.every(({ blob }) => present.has(blob.digest)));
  const byKey = new Map(usable.map((entry) => [entry.key, entry]));
  return {
    find: (key) => byKey.get(key),
    async materialise(entry, signal) {
      for (const { blob } of entry.layers) await bring(blob.digest);
      return unpackAll(entry, deps, lease, signal);
    },
    mounts: document.mounts.filter(({ blob }) => present.has(blob.digest)),
    async fillMount({ blob }, target, signal) {
      await bring(blob.digest);
      const directory = openRoot(target);
      const source = deps.blobs.openRead(blob.digest);
      try {
        await deps.archives.unpack({ directory, describesTop: true }, source, signal);
      } finally {
        source.destroy();
        closeSync(directory);
      }
    },
    close: () => lease.release(),
  };
}

async function unpackAll(
  { layers }: CacheEntry,
  deps: ImportDeps,
  lease: Lease,
  signal: AbortSignal,
): Promise<Digest[]> {
  const chainIds: Digest[] = [];
  for (const { diffId, blob } of layers) {
    const parent = chainIds.at(-1);
    const layer = await deps.layers.unpack({
      source: { blobPath: deps.blobs.path(blob.digest) },
      expectedDiffId: diffId,
      signal,
      ...(parent === undefined ? {} : { parent }),
    });
    lease.hold(layer.chainId);
    chainIds.push(layer.chainId);
  }
  return chainIds;
}
