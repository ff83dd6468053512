import { randomBytes } from "node:crypto";
import { createReadStream, existsSync, renameSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { BerthError, notFound, syncFolder, writeFileAtomic } from "../../lib/index.ts";
import { type Digest, digestOf, parseDigest } from "../../spec/index.ts";
import { BlobWriter } from "./blob-writer.ts";
import { createIngestWorker } from "./ingest-worker.ts";
import { type SpooledArchive, spoolArchive } from "./spool-archive.ts";
import type { SpooledEntry, SpoolLimits } from "./spool-files.ts";

/** Largest blob that may be read whole or put whole: manifests and configs. */
const wholeLimit = 8 * 1024 * 1024;
/** Largest layer where the caller names no limit. */
const defaultLimit = 64 * 1024 ** 3;
/** Milliseconds for which a broken download's bytes wait to be resumed. */
export const partialLifetime = 24 * 60 * 60 * 1000;

export interface BlobInfo {
  digest: Digest;
  size: number;
  modified: Date;
}

export interface IngestOptions {
  /** The bytes must have this digest; what arrives of them before a failure is kept for the next attempt. */
  expected?: Digest;
  /** Most bytes that are taken. */
  limit?: number;
  /** Keep the bytes packed with zstd at its fastest level: for layers that come as plain tar. Not with `expected`. */
  pack?: boolean;
  signal?: AbortSignal;
}

/**
 * Content-addressed files, laid out as an OCI layout. A blob that is there is whole, verified and on disk: it got its
 * name only after that. Blobs never change. Digests are parsed before they become a path; only sha256 is kept.
 */
export interface BlobStore {
  readonly root: string;
  path(digest: Digest): string;
  has(digest: Digest): boolean;
  stat(digest: Digest): Promise<BlobInfo | undefined>;
  /** Rejects with kind "not-found" on first read where it is missing. */
  openRead(digest: Digest, options?: { start?: number; end?: number }): Readable;
  /** The whole blob, verified again. Kinds: not-found, exhausted (over the limit), corrupt. */
  read(digest: Digest, limit?: number): Promise<Buffer>;
  readJson<T>(digest: Digest, limit?: number): Promise<T>;
  /** Stores a small document (up to 8 MiB) durably and gives its digest. */
  put(bytes: Buffer, expected?: Digest): Promise<Digest>;
  /** Begins or resumes a large blob: `writer.offset` tells what is already there. Kinds: corrupt, exhausted. */
  ingest(options?: IngestOptions): Promise<BlobWriter>;
  /** Writes an image archive's files to disk and hashes them; `adopt` then makes blobs of those that are wanted. */
  spool(
    source: AsyncIterable<Buffer>,
    options?: { limits?: SpoolLimits; signal?: AbortSignal },
  ): Promise<SpooledArchive>;
  /** Makes a blob of a spooled file, synced before it counts. Its digest was taken while it was written. */
  adopt(entry: SpooledEntry): Promise<Digest>;
  /** Where a broken attempt's bytes are; only meaningful while an ingest of that digest is open. */
  partialPath(digest: Digest): string;
  /** Gives the bytes freed; 0 where there was none. */
  remove(digest: Digest): Promise<number>;
  list(): Promise<BlobInfo[]>;
  /** Removes partial files last touched before the given time; gives the bytes freed. */
  sweepPartials(before: Date): Promise<number>;
  close(): Promise<void>;
}

/** Opens the blob store under the data root, making its folders; leftovers that cannot be resumed are removed. */
export async function openBlobStore(dataRoot: string): Promise<BlobStore> {
  const root = join(dataRoot, "blobs");
  const folder = join(root, "sha256");
  const partials = join(root, "ingest");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await mkdir(partials, { recursive: true, mode: 0o700 });
  if (!existsSync(join(root, "oci-layout")))
    await writeFileAtomic(join(root, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}', { durable: false });
  await removeLeftovers(partials, folder);

  const worker = createIngestWorker();
  const active = new Set<string>();
  let sessions = 0;
  const path = (digest: Digest): string => join(folder, hexOf(digest));

  const begin = async (options: IngestOptions): Promise<BlobWriter> => {
    const hex = options.expected === undefined ? undefined : hexOf(options.expected);
    // A second ingest of the same digest at the same time gets a file of its own, which is not resumed.
    const keep = hex !== undefined && !active.has(hex);
    const name = keep ? hex : `tmp-${randomBytes(8).toString("hex")}`;
    if (keep) active.add(hex);
    const session = ++sessions;
    const release = (): void => {
      if (keep) active.delete(hex);
    };
    const request = {
      op: "open",
      session,
      path: join(partials, name),
      resume: keep,
      pack: options.pack ?? false,
    } as const;
    try {
      const { size } = await worker.ask({ ...request, limit: options.limit ?? defaultLimit });
      const writer = new BlobWriter({
        worker,
        session,
        folder,
        offset: size,
        keep,
        release,
        ...(hex === undefined ? {} : { expected: hex }),
      });
      watch(writer, options.signal);
      return writer;
    } catch (error) {
      release();
      throw error;
    }
  };

  const store: BlobStore = {
    root,
    path,
    has: (digest) => existsSync(path(digest)),
    stat: (digest) => infoOf(folder, hexOf(digest)),
    openRead: (digest, options = {}) => createReadStream(path(digest), { highWaterMark: 256 * 1024, ...options }),
    read: (digest, limit = wholeLimit) => readWhole(path(digest), digest, limit),
    async readJson<T>(digest: Digest, limit?: number): Promise<T> {
      return JSON.parse((await store.read(digest, limit)).toString("utf8")) as T;
    },
    async put(bytes, expected) {
      if (bytes.length > wholeLimit)
        throw new BerthError("exhausted", `document of ${bytes.length} bytes is too large`);
      const digest = digestOf(bytes);
      if (expected !== undefined && expected !== digest)
        throw new BerthError("corrupt", `content has digest ${digest}, not ${expected}`);
      if (!store.has(digest)) await writeFileAtomic(path(digest), bytes, { durable: true, mode: 0o600 });
      return digest;
    },
    ingest: (options = {}) => begin(options),
    spool: (source, options) => spoolArchive(join(partials, `tmp-${randomBytes(8).toString("hex")}`), source, options),
    async adopt({ digest, file, name }) {
      if (digest === undefined || file === undefined) throw new BerthError("internal", `${name} is not a file`);
      if (store.has(digest)) return digest;
      await syncFile(file);
      await rename(file, path(digest));
      await syncFolder(folder);
      return digest;
    },
    partialPath: (digest) => join(partials, hexOf(digest)),
    async remove(digest) {
      const info = await infoOf(folder, hexOf(digest));
      if (info === undefined) return 0;
      // The name goes at once, so that `has` is right from here on; the bytes go in the background of this call.
      const doomed = join(partials, `tmp-${randomBytes(8).toString("hex")}`);
      renameSync(path(digest), doomed);
      await rm(doomed, { force: true });
      return info.size;
    },
    async list() {
      const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
      const infos = await Promise.all(names.map((name) => infoOf(folder, name)));
      return infos.filter((info) => info !== undefined);
    },
    sweepPartials: (before) => sweep(partials, before, active),
    close: () => worker.close(),
  };
  return store;
}

function hexOf(digest: Digest): string {
  const { algorithm, hex } = parseDigest(digest);
  if (algorithm !== "sha256") throw new BerthError("invalid", `unsupported digest algorithm: ${algorithm}`);
  return hex;
}

function watch(writer: BlobWriter, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const abort = (): void => {
    writer.destroy(new BerthError("cancelled", "context canceled", { cause: signal.reason }));
  };
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  writer.once("close", () => signal.removeEventListener("abort", abort));
}

async function infoOf(folder: string, hex: string): Promise<BlobInfo | undefined> {
  try {
    const { size, mtime } = await stat(join(folder, hex));
    return { digest: `sha256:${hex}`, size, modified: mtime };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function readWhole(path: string, digest: Digest, limit: number): Promise<Buffer> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? notFound(`blob ${digest} not found`) : error;
  });
  try {
    const { size } = await file.stat();
    if (size > limit) throw new BerthError("exhausted", `blob ${digest} is larger than ${limit} bytes`);
    const bytes = await file.readFile();
    if (digestOf(bytes) !== digest) throw new BerthError("corrupt", `blob ${digest} on disk does not have its digest`);
    return bytes;
  } finally {
    await file.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Files under temporary names belong to nobody after a crash. */
async function removeLeftovers(partials: string, folder: string): Promise<void> {
  for (const name of await readdir(partials))
    if (!/^[0-9a-f]{64}$/.test(name)) await rm(join(partials, name), { force: true, recursive: true });
  for (const name of await readdir(folder))
    if (!/^[0-9a-f]{64}$/.test(name)) await rm(join(folder, name), { force: true });
  await sweep(partials, new Date(Date.now() - partialLifetime), new Set());
}

async function sweep(partials: string, before: Date, active: ReadonlySet<string>): Promise<number> {
  let freed = 0;
  for (const name of await readdir(partials)) {
    if (active.has(name) || name.startsWith("tmp-")) continue;
    const info = await stat(join(partials, name)).catch(() => undefined);
    if (info === undefined || info.mtime >= before) continue;
    await rm(join(partials, name), { force: true });
    freed += info.size;
  }
  return freed;
}
