import { createJobPool } from "../jobs/index.ts";
import type { CopyTreeRequest } from "./copy-tree.ts";
import type { DiskUsage } from "./disk-usage.ts";
import type { LayerCensus, LayerCensusRequest } from "./layer-census.ts";

/** Work on whole directory trees, off the main thread. */
export interface Trees {
  /** Removes a file or a tree of any size and depth, following no link. A missing path is no error. */
  remove(path: string): Promise<void>;
  diskUsage(path: string, signal?: AbortSignal): Promise<DiskUsage>;
  /** `bytes` of it. */
  size(path: string): Promise<number>;
  /** Fills a new volume from an image's folder: see CopyTreeRequest. What was copied before a failure stays. */
  copyUp(request: CopyTreeRequest, signal?: AbortSignal): Promise<void>;
  /** Which layer holds which bytes, and which of them a later one hides. */
  census(request: LayerCensusRequest, signal?: AbortSignal): Promise<LayerCensus[]>;
  /** "sha256:…" of a file. */
  digest(path: string, signal?: AbortSignal): Promise<string>;
  /** Writes everything on the path's file system to disk. */
  sync(path: string): Promise<void>;
  /** Lazy umount2(2), which may write out a whole file system and so is no work for the main thread. */
  unmount(target: string): Promise<void>;
  close(): Promise<void>;
}

export function createTrees(): Trees {
  const pool = createJobPool({ size: 2 });
  return {
    remove: (path) => pool.run("remove-tree", { path }),
    diskUsage: (path, signal) => pool.run("disk-usage", { path }, withSignal(signal)),
    size: async (path) => (await pool.run("disk-usage", { path })).bytes,
    copyUp: (request, signal) => pool.run("copy-tree", request, withSignal(signal)),
    census: (request, signal) => pool.run("layer-census", request, withSignal(signal)),
    digest: (path, signal) => pool.run("digest-file", { path }, withSignal(signal)),
    sync: (path) => pool.run("sync-file-system", { path }),
    unmount: (target) => pool.run("unmount", { target }),
    close: () => pool.close(),
  };
}

const withSignal = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });
