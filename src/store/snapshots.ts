import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { notFound } from "../lib/index.ts";
import { codeOf, MNT, mountOverlay, spreadFolders, unmount } from "../system/index.ts";
import type { LayerStore } from "./layers/index.ts";
import type { Trees } from "./trees/index.ts";

export interface SnapshotMount {
  /** Holds the writable layer: `upper` and `work`. */
  containerFolder: string;
  /** The image's layers, the lowest first; none for an empty image. */
  chainIds: readonly string[];
  /** Where it is mounted; made if need be. */
  target: string;
  /** Nothing that is written has to survive a power cut: no fsync reaches the disk, and unmounting writes nothing out. */
  volatile: boolean;
}

/** Root file systems: an image's layers, shared, under a writable layer of one container. */
export interface Snapshots {
  /** Makes what a container's folder needs for its writable layer. The folder that it is in exists. */
  prepare(containerFolder: string): Promise<void>;
  /** Rejects with "not-found" where a layer is missing, with SyscallError where the kernel refuses. */
  mount(options: SnapshotMount): Promise<void>;
  /** Layers alone, read-only. */
  mountReadOnly(options: { chainIds: readonly string[]; target: string }): Promise<void>;
  /** Whatever is mounted at `target`, at once for new look-ups, later for what is still in use. Nothing there is no error. */
  unmount(target: string): Promise<void>;
  /** Bytes of the writable layer, as Docker counts (SizeRw). */
  size(containerFolder: string): Promise<number>;
  /** Docker's GraphDriver.Data for overlay2. */
  graphData(containerFolder: string, chainIds: readonly string[], target: string): Record<string, string>;
}

// Layers come from outside: nothing in them may redirect the kernel elsewhere. Upper layers must be whole by themselves.
const OPTIONS = ["redirect_dir=nofollow", "metacopy=off", "index=off"];

export function createSnapshots({ layers, trees }: { layers: LayerStore; trees: Trees }): Snapshots {
  const fast = new Set<string>();
  const spread = new Set<string>();
  const lowersOf = (chainIds: readonly string[]) => chainIds.map((id) => layerPath(layers, id)).reverse();
  return {
    prepare: async (containerFolder) => {
      const parent = dirname(containerFolder);
      if (!spread.has(parent)) spreadFolders(parent);
      spread.add(parent);
      mkdirSync(join(containerFolder, "work"), { recursive: true, mode: 0o700 });
    },
    mount: async ({ containerFolder, chainIds, target, volatile }) => {
      const lowers = lowersOf(chainIds);
      const upper = makeUpper(containerFolder, lowers[0]);
      const work = join(containerFolder, "work");
      mkdirSync(target, { recursive: true, mode: 0o700 });
      const options = volatile ? [...OPTIONS, "volatile"] : OPTIONS;
      const mount = {
        target,
        lowers: lowers.length > 0 ? lowers : [layers.empty],
        upper,
        work,
        base: layers.folder,
        options,
      };
      mountAgain(() => mountOverlay(mount), work);
      if (volatile) fast.add(target);
    },
    mountReadOnly: async ({ chainIds, target }) => {
      mkdirSync(target, { recursive: true, mode: 0o700 });
      // Without a writable layer the kernel wants two.
      mountOverlay({ target, lowers: [...lowersOf(chainIds), layers.empty], base: layers.folder, options: OPTIONS });
      fast.add(target);
    },
    unmount: async (target) => {
      // Unmounting an overlay with a writable layer writes out the file system below it, whoever made it dirty.
      if (fast.delete(target) || !isOverlay(target)) unmountIfMounted(target);
      else await trees.unmount(target);
    },
    size: async (containerFolder) => (await trees.diskUsage(join(containerFolder, "upper"))).bytes,
    graphData: (containerFolder, chainIds, target) => ({
      LowerDir: lowersOf(chainIds).join(":"),
      MergedDir: target,
      UpperDir: join(containerFolder, "upper"),
      WorkDir: join(containerFolder, "work"),
    }),
  };
}

function layerPath(layers: LayerStore, chainId: string): string {
  const layer = layers.get(chainId);
  if (layer === undefined) {
    throw notFound(`layer ${chainId} is missing`, { hint: "pull or load the image again" });
  }
  return layer.path;
}

/** The container's root directory is the writable layer's: it begins with the owner and mode of the image's. */
function makeUpper(containerFolder: string, top: string | undefined): string {
  const upper = join(containerFolder, "upper");
  try {
    mkdirSync(upper, { mode: 0o755 });
  } catch (error) {
    if (codeOf(error) === "EEXIST") return upper;
    throw error;
  }
  const root = top === undefined ? { uid: 0, gid: 0, mode: 0o755 } : statSync(top);
  chownSync(upper, root.uid, root.gid);
  chmodSync(upper, root.mode & 0o7777);
  return upper;
}

/** A volatile mount leaves a mark that forbids the next one, because a crash may have come between; the container's
 * files are whole as long as this machine has not gone down, and of no worth after that. */
function mountAgain(mount: () => void, work: string): void {
  try {
    mount();
  } catch (error) {
    const mark = join(work, "work", "incompat");
    if (codeOf(error) !== "EINVAL" || !existsSync(mark)) throw error;
    rmSync(mark, { recursive: true });
    mount();
  }
}

const OVERLAY_MAGIC = 0x794c7630;

function isOverlay(target: string): boolean {
  try {
    return statfsSync(target).type === OVERLAY_MAGIC;
  } catch {
    return false;
  }
}

function unmountIfMounted(target: string): void {
  try {
    unmount(target, MNT.DETACH | MNT.NOFOLLOW);
  } catch (error) {
    const code = codeOf(error);
    if (code !== "EINVAL" && code !== "ENOENT") throw error;
  }
}
