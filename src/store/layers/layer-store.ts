import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, renameSync, statSync } from "node:fs";
import { readdir, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { BerthError, conflict, createKeyedQueue, makeFolders, writeFileAtomic } from "../../lib/index.ts";
import { DEFAULT_TAR_LIMITS, type TarLimits } from "../../lib/tar/index.ts";
import type { Digest } from "../../spec/index.ts";
import { spreadFolders } from "../../system/index.ts";
import { createJobPool, type JobOptions, type JobPool } from "../jobs/index.ts";
import type { Trees } from "../trees/index.ts";
import { chainIdOf, folderOf, type LayerRecord, parseLayerRecord, readBootId } from "./layer-record.ts";
import type { UnpackResult } from "./unpack-job.ts";

/** An unpacked layer. `path` is its directory in overlay's form: never changed, shared by all that use it. */
export interface Layer {
  readonly chainId: Digest;
  readonly parent: Digest | undefined;
  readonly diffId: Digest;
  /** Bytes of its files, as Docker counts: each inode once, directories not. */
  readonly size: number;
  /** Bytes of its tar. */
  readonly tarBytes: number;
  readonly path: string;
}

export interface UnpackOptions {
  /** Chain id of the layer below; it need not be there yet. */
  parent?: Digest;
  /** The layer as a stream (it is read to its end, and destroyed on failure) or as a file: any compression. */
  source: AsyncIterable<Uint8Array> | { blobPath: string };
  /** Another diff id is refused with kind "corrupt". A layer that is there already is returned at once, and the source
   * destroyed unread. */
  expectedDiffId?: Digest;
  /** Also give the digest of the bytes as they came in. */
  hashSource?: boolean;
  limits?: Partial<TarLimits>;
  signal?: AbortSignal;
  /** Bytes of the source that have been dealt with. */
  onProgress?: (bytes: number) => void;
}

/** `source` is absent where the layer was there already. */
export type UnpackedLayer = Layer & {
  source?: { bytes: number; digest?: Digest; compression: UnpackResult["compression"] };
};

/** A layer in the making: `path` is its directory and `work` overlay's, beside it. A crash takes both away. */
export interface LayerDraft {
  readonly path: string;
  readonly work: string;
}

export interface AdoptOptions {
  /** Chain id of the layer below, which may still be in the making. */
  parent?: Digest | Promise<Digest>;
  /** File to make of the layer's tar, packed with zstd. */
  blobPath: string;
  clampTime?: bigint;
  exactTime?: boolean;
  signal?: AbortSignal;
  /** Told in the moment in which the layer's directory comes to be elsewhere. */
  onMove?: (path: string) => void;
}

export interface AdoptedLayer {
  readonly layer: Layer;
  /** False where the same layer was there already: the draft is left for `discard`. */
  readonly moved: boolean;
  readonly blob: { digest: Digest; bytes: number };
}

/**
 * Layers by chain id. A layer counts once it is whole: it is unpacked under another name and renamed. It reaches the
 * disk later (`synced`); what has not when the power is cut is forgotten at the next start, and unpacked again from its
 * blob. A failed unpack leaves nothing.
 */
export interface LayerStore {
  /** The folder that all layers are in. */
  readonly folder: string;
  /** An empty directory beside them, for mounts that need one layer more. */
  readonly empty: string;
  get(chainId: Digest): Layer | undefined;
  list(): Layer[];
  /** Kinds: invalid (archive), exhausted (limit, disk), corrupt (digest), cancelled, and the source's own errors. */
  unpack(options: UnpackOptions): Promise<UnpackedLayer>;
  /** Unpacks the blob again, elsewhere, and compares: whether the layer's files are the blob's, whatever their times of access. */
  matches(chainId: Digest, blobPath: string, signal?: AbortSignal): Promise<boolean>;
  /** Makes room for a layer; its directory has the owner and mode of the directory `like`. */
  draft(like: string | undefined): LayerDraft;
  /**
   * Makes a layer of a draft that nobody changes any more. It may be mounted meanwhile: its directory is renamed only, in
   * one synchronous step. A failure leaves the draft.
   */
  adopt(draft: LayerDraft, options: AdoptOptions): Promise<AdoptedLayer>;
  discard(draft: LayerDraft): Promise<void>;
  /** Whether the folder was a layer, or a part of one, and is being deleted now. */
  isLeaving(path: string): boolean;
  /** Nobody may use the layer any more; that is the caller's to know. A missing one is no error. */
  remove(chainId: Digest): Promise<void>;
  /** Resolves when all layers of now are on disk. */
  synced(): Promise<void>;
  close(): Promise<void>;
}

/** Far above any image in use; passing one of them ends the unpacking with kind "exhausted". */
export const LAYER_LIMITS: TarLimits = { ...DEFAULT_TAR_LIMITS, entries: 4_000_000, archiveBytes: 128 * 1024 ** 3 };

const SYNC_DELAY_MS = 1000;
// As many as a pull downloads at once, and one: a source that waits here holds up its download.
const PARALLEL = 4;
const TEMPORARY = "tmp-";
const EMPTY = ".empty";

/** Opens the store in `folder`, which is made if need be. Remains of an earlier process are cleared in the background. */
export async function openLayerStore(options: { folder: string; trees: Trees }): Promise<LayerStore> {
  await makeFolders(options.folder, 0o700);
  spreadFolders(options.folder);
  const store = new Store(options.folder, options.trees);
  await store.load();
  return store;
}

class Store implements LayerStore {
  readonly folder: string;
  readonly empty: string;
  readonly #trees: Trees;
  readonly #pool: JobPool = createJobPool({ size: PARALLEL });
  readonly #packing: JobPool = createJobPool({ size: 2 });
  readonly #bootId = readBootId();
  readonly #records = new Map<Digest, LayerRecord>();
  readonly #serial = createKeyedQueue();
  readonly #leaving = new Set<string>();
  #syncTimer: NodeJS.Timeout | undefined;

  constructor(folder: string, trees: Trees) {
    this.folder = folder;
    this.empty = join(folder, EMPTY);
    this.#trees = trees;
  }

  async load(): Promise<void> {
    await makeFolders(this.empty, 0o755);
    const names = (await readdir(this.folder)).filter((name) => name !== EMPTY);
    await Promise.all(names.map((name) => this.#loadOne(name)));
    if ([...this.#records.values()].some((record) => !record.synced)) this.#syncSoon();
  }

  async #loadOne(name: string): Promise<void> {
    const path = join(this.folder, name);
    const text = name.startsWith(TEMPORARY) ? "" : await readFile(join(path, "layer.json"), "utf8").catch(() => "");
    const record = parseLayerRecord(text, this.#bootId);
    if (record !== undefined && folderOf(record.chainId) === name) this.#records.set(record.chainId, record);
    else await this.#discard(path);
  }

  get(chainId: Digest): Layer | undefined {
    const record = this.#records.get(chainId);
    return record === undefined ? undefined : this.#layerOf(record);
  }

  list(): Layer[] {
    return [...this.#records.values()].map((record) => this.#layerOf(record));
  }

  #layerOf({ chainId, parent, diffId, size, tarBytes }: LayerRecord): Layer {
    return { chainId, parent, diffId, size, tarBytes, path: join(this.folder, folderOf(chainId), "diff") };
  }

  async unpack(options: UnpackOptions): Promise<UnpackedLayer> {
    const { expectedDiffId, parent, source } = options;
    // A stream that fails while it waits for its turn is heard when it is read; without a listener it would end us.
    if ("on" in source) (source as Readable).on("error", () => {});
    if (expectedDiffId === undefined) return this.#unpackNew(options);
    const chainId = chainIdOf(parent, expectedDiffId);
    // Two pulls of the same layer: the second one waits, and finds it there or does it itself.
    return this.#serial(chainId, async () => {
      const known = this.get(chainId);
      if (known === undefined) return this.#unpackNew(options);
      if ("destroy" in source) (source as Readable).destroy();
      return known;
    });
  }

  async #unpackNew(options: UnpackOptions): Promise<UnpackedLayer> {
    const temporary = join(this.folder, TEMPORARY + randomBytes(8).toString("hex"));
    try {
      await makeFolders(join(temporary, "diff"), 0o700);
      const result = await this.#runUnpack(join(temporary, "diff"), options);
      const { expectedDiffId } = options;
      if (expectedDiffId !== undefined && result.diffId !== expectedDiffId) {
        throw new BerthError(
          "corrupt",
          `layer does not verify: its diff id is ${result.diffId}, not ${expectedDiffId}`,
        );
      }
      const layer = await this.#commit(temporary, options.parent, result);
      return { ...layer, source: sourceFacts(result) };
    } catch (error) {
      await this.#trees.remove(temporary);
      throw error;
    }
  }

  draft(like: string | undefined): LayerDraft {
    const folder = join(this.folder, TEMPORARY + randomBytes(8).toString("hex"));
    const path = join(folder, "diff");
    mkdirSync(folder, { mode: 0o700 });
    mkdirSync(join(folder, "work"), { mode: 0o700 });
    mkdirSync(path, { mode: 0o755 });
    const { uid, gid, mode } = like === undefined ? { uid: 0, gid: 0, mode: 0o755 } : statSync(like);
    chownSync(path, uid, gid);
    chmodSync(path, mode & 0o7777);
    return { path, work: join(folder, "work") };
  }

  async adopt(draft: LayerDraft, options: AdoptOptions): Promise<AdoptedLayer> {
    const { blobPath, clampTime, exactTime, signal } = options;
    const times = clampTime === undefined ? {} : { clampTime, ...(exactTime ? { exactTime } : {}) };
    const packed = await this.#packing.run(
      "pack",
      { path: draft.path, form: "layer", compression: "zstd", level: 1, destination: blobPath, ...times },
      signal === undefined ? {} : { signal },
    );
    const { diffId, tarBytes, size, digest, bytes } = packed;
    const blob = { digest, bytes };
    const parent = await options.parent;
    const known = this.get(chainIdOf(parent, diffId));
    if (known !== undefined) return { layer: known, moved: false, blob };
    const record: LayerRecord = {
      schema: 1,
      chainId: chainIdOf(parent, diffId),
      ...(parent === undefined ? {} : { parent }),
      diffId,
      size,
      tarBytes,
      ...(clampTime === undefined ? {} : { clampTime: String(clampTime) }),
      ...(exactTime ? { exactTime } : {}),
      bootId: this.#bootId,
      synced: false,
    };
    const folder = dirname(draft.path);
    await writeFileAtomic(join(folder, "layer.json"), JSON.stringify(record), { durable: false });
    const there = this.get(record.chainId);
    if (there !== undefined) return { layer: there, moved: false, blob };
    renameSync(folder, join(this.folder, folderOf(record.chainId)));
    this.#records.set(record.chainId, record);
    options.onMove?.(this.#layerOf(record).path);
    void this.#trees.remove(join(this.folder, folderOf(record.chainId), "work")).catch(() => {});
    this.#syncSoon();
    return { layer: this.#layerOf(record), moved: true, blob };
  }

  discard(draft: LayerDraft): Promise<void> {
    return this.#trees.remove(dirname(draft.path));
  }

  isLeaving(path: string): boolean {
    return this.#leaving.has(path);
  }

  async matches(chainId: Digest, blobPath: string, signal?: AbortSignal): Promise<boolean> {
    const layer = this.get(chainId);
    if (layer === undefined) return false;
    const temporary = join(this.folder, TEMPORARY + randomBytes(8).toString("hex"));
    const options: JobOptions = signal === undefined ? {} : { signal };
    const { clampTime, exactTime = false } = this.#records.get(chainId) ?? {};
    const times = clampTime === undefined ? {} : { clampTime: BigInt(clampTime), exactTime };
    const request = { form: "layer", root: true, compression: "none", ...times } as const;
    const contentOf = async (path: string) => (await this.#pool.run("pack", { ...request, path }, options)).diffId;
    try {
      const fresh = join(temporary, "diff");
      await makeFolders(fresh, 0o700);
      const { parent } = layer;
      const source = { blobPath };
      await this.#runUnpack(fresh, { source, ...(parent === undefined ? {} : { parent }), ...options });
      return (await contentOf(fresh)) === (await contentOf(layer.path));
    } finally {
      await this.#trees.remove(temporary);
    }
  }

  #runUnpack(target: string, options: UnpackOptions): Promise<UnpackResult> {
    const { source, signal, onProgress } = options;
    const blobPath = "blobPath" in source ? source.blobPath : undefined;
    const jobOptions: JobOptions = {
      ...("blobPath" in source ? {} : { source }),
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined ? {} : { onProgress }),
    };
    return this.#pool.run(
      "unpack",
      {
        target,
        ...(blobPath === undefined ? {} : { blobPath }),
        // The lowest layer has nothing to hide.
        whiteouts: options.parent === undefined ? "ignore" : "overlay",
        limits: { ...LAYER_LIMITS, ...options.limits },
        hashSource: options.hashSource ?? false,
      },
      jobOptions,
    );
  }

  async #commit(temporary: string, parent: Digest | undefined, result: UnpackResult): Promise<Layer> {
    const { diffId, size, tarBytes } = result;
    const chainId = chainIdOf(parent, diffId);
    const record: LayerRecord = {
      schema: 1,
      chainId,
      ...(parent === undefined ? {} : { parent }),
      diffId,
      size,
      tarBytes,
      bootId: this.#bootId,
      synced: false,
    };
    await writeFileAtomic(join(temporary, "layer.json"), JSON.stringify(record), { durable: false });
    if (await this.#place(temporary, record)) this.#syncSoon();
    return this.#layerOf(record);
  }

  /** Gives the layer its name. False where the same layer has come to be there meanwhile. */
  async #place(temporary: string, record: LayerRecord): Promise<boolean> {
    const { chainId } = record;
    if (this.#records.has(chainId)) {
      await this.#trees.remove(temporary);
      return false;
    }
    const folder = folderOf(chainId);
    const taken = [...this.#records.keys()].find((other) => folderOf(other) === folder);
    if (taken !== undefined) throw conflict(`layers ${chainId} and ${taken} want the same folder`);
    this.#records.set(chainId, record);
    try {
      await rename(temporary, join(this.folder, folder));
    } catch (error) {
      this.#records.delete(chainId);
      throw error;
    }
    return true;
  }

  async remove(chainId: Digest): Promise<void> {
    if (!this.#records.delete(chainId)) return;
    const aside = await this.#setAside(join(this.folder, folderOf(chainId)));
    await this.#trees.remove(aside).finally(() => this.#leaving.delete(aside));
  }

  /** The folder under a name that the next start will clear away, should this process not get to it. */
  async #setAside(path: string): Promise<string> {
    const aside = join(this.folder, TEMPORARY + randomBytes(8).toString("hex"));
    this.#leaving.add(aside);
    await rename(path, aside);
    return aside;
  }

  async #discard(path: string): Promise<void> {
    const aside = await this.#setAside(path);
    void this.#trees
      .remove(aside)
      .catch(() => {})
      .finally(() => this.#leaving.delete(aside));
  }

  #syncSoon(): void {
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = undefined;
      // It is tried again with the next layer, or at the next start.
      this.synced().catch(() => {});
    }, SYNC_DELAY_MS).unref();
  }

  async synced(): Promise<void> {
    const waiting = [...this.#records.values()].filter((record) => !record.synced);
    if (waiting.length === 0) return;
    await this.#trees.sync(this.folder);
    for (const record of waiting) await this.#markSynced(record);
  }

  async #markSynced(record: LayerRecord): Promise<void> {
    if (this.#records.get(record.chainId) !== record) return;
    const path = join(this.folder, folderOf(record.chainId), "layer.json");
    await writeFileAtomic(path, JSON.stringify({ ...record, synced: true }), { durable: true });
    record.synced = true;
  }

  async close(): Promise<void> {
    clearTimeout(this.#syncTimer);
    await this.#pool.close();
    await this.#packing.close();
  }
}

function sourceFacts(result: UnpackResult): NonNullable<UnpackedLayer["source"]> {
  const { sourceBytes: bytes, sourceDigest: digest, compression } = result;
  return { bytes, compression, ...(digest === undefined ? {} : { digest }) };
}
