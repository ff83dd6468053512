import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { randomHex } from "../../lib/index.ts";
import type { Digest } from "../../spec/index.ts";
import type { LayerDraft, LayerStore } from "../../store/layers/index.ts";
import { codeOf, MNT, mountOverlay, unmount } from "../../system/index.ts";
import type { StackLayer } from "../cache/step-record.ts";

/**
 * A layer of a build's state. It can be used at once by its path, which changes when the layer gets its place in the
 * store; what stands for it is known later.
 */
export interface TreeLayer {
  readonly path: string;
  /** Rejects where the layer could not be packed. */
  readonly sealed: Promise<StackLayer>;
  /** Known before its blob is on disk. */
  readonly chainId: Promise<Digest>;
}

/** A layer that is in the store. */
export const settledLayer = (path: string, layer: StackLayer): TreeLayer => ({
  path,
  sealed: Promise.resolve(layer),
  chainId: Promise.resolve(layer.chainId),
});

/** A file system in a build: its layers, the lowest first, and the key that stands for it in others' keys. */
export interface Tree {
  readonly layers: readonly TreeLayer[];
  readonly key: string;
}

/** Mounts of a build's trees below a folder of the exec root; whatever stays of them is cleared by `Steps.recover`. */
export interface Roots {
  /** Runs `use` on a writable root; what it has written is in the draft. */
  writable<T>(layers: readonly TreeLayer[], draft: LayerDraft, use: (root: string) => Promise<T>): Promise<T>;
  readable<T>(layers: readonly TreeLayer[], use: (root: string) => Promise<T>): Promise<T>;
  /** A root that stays until `release`. */
  hold(layers: readonly TreeLayer[]): { path: string; release(): void };
  /** Resolves when no mount of this process uses the folder as a layer. */
  unused(path: string): Promise<void>;
}

// As snapshots have them: nothing in layers may redirect the kernel, and upper layers must be whole by themselves.
const OPTIONS = ["redirect_dir=nofollow", "metacopy=off", "index=off"];

export function createRoots(options: { folder: string; layers: Pick<LayerStore, "folder" | "empty"> }): Roots {
  const { folder, layers: store } = options;
  const uses = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();
  const use = (path: string, change: 1 | -1) => {
    const count = (uses.get(path) ?? 0) + change;
    if (count > 0) {
      uses.set(path, count);
      return;
    }
    uses.delete(path);
    for (const resolve of waiting.get(path) ?? []) resolve();
    waiting.delete(path);
  };
  const open = (layers: readonly TreeLayer[], draft: LayerDraft | undefined) => {
    const target = join(folder, `root-${randomHex(8)}`);
    const lowers = layers.map(({ path }) => path).reverse();
    mkdirSync(target, { recursive: true, mode: 0o700 });
    const own = draft === undefined ? {} : { upper: draft.path, work: draft.work };
    // Without a writable layer the kernel wants two lower ones.
    const all = draft === undefined || lowers.length === 0 ? [...lowers, store.empty] : lowers;
    if (all.length === 1 && draft === undefined) all.push(`${store.empty}/.`);
    const flags = draft === undefined ? OPTIONS : [...OPTIONS, "volatile"];
    mountOverlay({ target, lowers: all, ...own, base: store.folder, options: flags });
    for (const path of lowers) use(path, 1);
    let open = true;
    return {
      path: target,
      release() {
        if (!open) return;
        open = false;
        detach(target);
        for (const path of lowers) use(path, -1);
      },
    };
  };
  const within = async <T>(root: { path: string; release(): void }, work: (root: string) => Promise<T>) => {
    try {
      return await work(root.path);
    } finally {
      root.release();
    }
  };
  return {
    writable: (layers, draft, work) => within(open(layers, draft), work),
    readable: (layers, work) => within(open(layers, undefined), work),
    hold: (layers) => open(layers, undefined),
    unused: (path) =>
      new Promise((resolve) => {
        if (uses.has(path)) waiting.set(path, [...(waiting.get(path) ?? []), resolve]);
        else resolve();
      }),
  };
}

function detach(target: string): void {
  try {
    unmount(target, MNT.DETACH | MNT.NOFOLLOW);
  } catch (error) {
    const code = codeOf(error);
    if (code !== "EINVAL" && code !== "ENOENT") throw error;
  }
  rmdirSync(target);
}
