import { createKeyedQueue, createLimiter } from "../../lib/index.ts";
import type { Digest } from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import { giveBackMemory } from "../../system/index.ts";
import type { Images } from "../engine.ts";
import { createAfterQuiet } from "./after-quiet.ts";
import { collectAll, collectAmong } from "./collect-unused.ts";
import { type CommitImageOptions, commitImage } from "./commit-image.ts";
import { historyOf } from "./history-image.ts";
import type { ImagesDeps } from "./images-context.ts";
import { importImage } from "./import-image.ts";
import { inspectImage } from "./inspect-image.ts";
import { listImages } from "./list-images.ts";
import { loadImages } from "./load-images.ts";
import { createPrune } from "./prune-images.ts";
import { pullImage } from "./pull-image.ts";
import { forget, removeImage } from "./remove-image.ts";
import { resolveImage } from "./resolve-image.ts";
import { restoreLayers } from "./restore-layers.ts";
import { saveImages } from "./save-images.ts";
import { tagImage } from "./tag-image.ts";
import { createTransfers } from "./transfers.ts";
import { whyImage } from "./why-image.ts";

/** Images as the rest of the engine uses them, beside what the API asks for. */
export interface ImageService extends Images {
  /** The image that a container is to be made from, with all its layers in place. Kind "not-found" with Docker's text. */
  resolve(ref: string, platform?: string): Promise<ImageRecord>;
  /** By full id, also where it was removed by force while containers use it. */
  get(id: Digest): ImageRecord | undefined;
  /** `user` (a container's id) needs the image's layers from now on, whatever `usersOf` says yet. */
  acquire(id: Digest, user: string): void;
  /** The user is gone; with the last one a forcibly removed image goes too. */
  release(id: Digest, user: string): Promise<void>;
  /** Makes an image of another one and a layer on top of it; gives its id. */
  commit(options: CommitImageOptions): Promise<Digest>;
  /** After start-up, once all users are known: drops removed images that nothing uses and leftovers of old pulls. */
  collectGarbage(): Promise<void>;
  /** Removes, of these blobs and layers, what nothing needs any more. */
  collectAmong(ids: readonly string[]): Promise<void>;
  /** Unpacks again what an image lacks of its layers. */
  restoreLayers(id: Digest): Promise<void>;
  /** Bytes of all layers, each counted once. */
  layersSize(): number;
}

/** Milliseconds after which verified blobs of a pull that never finished are given up. */
const leftoverAge = 24 * 60 * 60 * 1000;

/** Milliseconds after which the memory of a big transfer is given back: its worker threads have ended by then. */
const restAfter = 12_000;

/** Composes the verbs. */
export function createImages(given: ImagesDeps): ImageService {
  const acquired = new Map<Digest, Set<string>>();
  const usersOf: ImagesDeps["usersOf"] = (id) => {
    const known = given.usersOf(id);
    const early = [...(acquired.get(id) ?? [])].filter(
      (user) => !known.some(({ containerId }) => containerId === user),
    );
    return [...known, ...early.map((containerId) => ({ containerId, running: false }))];
  };
  const deps: ImagesDeps = { ...given, usersOf };
  const resources = {
    transfers: createTransfers<void>(),
    downloads: createLimiter(deps.concurrentDownloads ?? 3),
    perBlob: createKeyedQueue(),
    retryDelay: deps.retryDelay ?? 5,
  };
  const prune = createPrune(deps);
  const quiet = createAfterQuiet(restAfter, giveBackMemory);
  const dropIfUnused = async (record: ImageRecord | undefined): Promise<void> => {
    if (record?.detached && usersOf(record.id).length === 0) await forget(deps, record);
  };
  return {
    list: async (options) => listImages(deps, options),
    inspect: async (ref, options) => inspectImage(deps, ref, options?.platform),
    history: async (ref) => historyOf(deps, ref),
    why: (ref, signal) => whyImage(deps, ref, signal),
    tag: (ref, target) => tagImage(deps, ref, target),
    remove: (ref, options) => removeImage(deps, ref, options),
    prune,
    pull: (options, progress, signal) => quiet.during(() => pullImage(deps, resources, options, progress, signal)),
    load: (archive, options, progress) => quiet.during(() => loadImages(deps, archive, options, progress)),
    import: (archive, options, progress) => quiet.during(() => importImage(deps, archive, options, progress)),
    save: (names, options) => saveImages(deps, names, options),
    async resolve(ref, platform) {
      const record = resolveImage(deps.store, ref, platform);
      await restoreLayers(deps, record);
      return record;
    },
    get: (id) => deps.store.get(id),
    acquire(id, user) {
      const users = acquired.get(id) ?? new Set();
      acquired.set(id, users.add(user));
    },
    async release(id, user) {
      const users = acquired.get(id);
      users?.delete(user);
      if (users?.size === 0) acquired.delete(id);
      await dropIfUnused(deps.store.get(id));
    },
    commit: (options) => quiet.during(() => commitImage(deps, options)),
    async restoreLayers(id) {
      const record = deps.store.get(id);
      if (record !== undefined) await restoreLayers(deps, record);
    },
    async collectGarbage() {
      for (const record of deps.store.list()) await dropIfUnused(record);
      await collectAll(deps, new Date(Date.now() - leftoverAge));
    },
    async collectAmong(ids) {
      await collectAmong(deps, ids);
    },
    layersSize: () => deps.layers.list().reduce((sum, { size }) => sum + size, 0),
  };
}
