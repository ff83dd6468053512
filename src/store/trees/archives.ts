import type { Readable } from "node:stream";
import { createJobPool, jobStream } from "../jobs/index.ts";
import type { ArchivePackRequest, ArchiveUnpackRequest } from "./archive-jobs.ts";
import type { ChangesRequest, TreeChange } from "./changes.ts";

/**
 * Parts of a container's root as archives, in both directions, off the main thread. Descriptors are the caller's, who
 * closes them when the stream has closed or the promise has settled.
 */
export interface Archives {
  pack(request: ArchivePackRequest, signal?: AbortSignal): Readable;
  /** Kinds: invalid (archive, or an entry that leads outside), exhausted (limits, disk), cancelled. What was written stays. */
  unpack(request: ArchiveUnpackRequest, source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>;
  changes(request: ChangesRequest): Promise<TreeChange[]>;
  close(): Promise<void>;
}

// A client that does not read holds a thread: there are more of them than processors.
const PARALLEL = 8;

export function createArchives(): Archives {
  const pool = createJobPool({ size: PARALLEL });
  return {
    pack: (request, signal) => jobStream((options) => pool.run("archive-pack", request, options), signal),
    unpack: (request, source, signal) =>
      pool.run("archive-unpack", request, { source, ...(signal === undefined ? {} : { signal }) }),
    changes: (request) => pool.run("changes", request),
    close: () => pool.close(),
  };
}
