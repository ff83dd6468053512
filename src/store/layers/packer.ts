import type { Readable } from "node:stream";
import { createJobPool, jobStream } from "../jobs/index.ts";
import type { PackRequest, PackResult } from "./pack-job.ts";

export type PackOptions = Omit<PackRequest, "destination"> & { signal?: AbortSignal };
export type { PackResult };

/** Trees as archives (export, commit, save), off the main thread; the bytes are told in `PackTreeOptions`. */
export interface Packer {
  /** Writes a file that must not be there yet; what was written of it before a failure stays. */
  toFile(destination: string, options: PackOptions): Promise<PackResult>;
  /** A stream that is packed as fast as it is read. Destroying it stops the work; a failure is the stream's error. */
  toStream(options: PackOptions): Readable;
  close(): Promise<void>;
}

export function createPacker(): Packer {
  const pool = createJobPool({ size: 2 });
  return {
    toFile: (destination, { signal, ...request }) =>
      pool.run("pack", { ...request, destination }, signal === undefined ? {} : { signal }),
    toStream: ({ signal, ...request }) => jobStream((options) => pool.run("pack", request, options), signal),
    close: () => pool.close(),
  };
}
