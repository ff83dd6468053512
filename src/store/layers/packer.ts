import { Readable } from "node:stream";
import { createJobPool, type JobOptions, receiveChunks } from "../jobs/index.ts";
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
    toStream: ({ signal, ...request }) => {
      const control = new AbortController();
      const signals = AbortSignal.any(signal === undefined ? [control.signal] : [control.signal, signal]);
      const run = (output: NonNullable<JobOptions["output"]>) => pool.run("pack", request, { signal: signals, output });
      return Readable.from(packedBytes(run, control), { objectMode: false });
    },
    close: () => pool.close(),
  };
}

type Run = (output: NonNullable<JobOptions["output"]>) => Promise<PackResult>;

async function* packedBytes(run: Run, control: AbortController): AsyncGenerator<Buffer> {
  let begin: (chunks: AsyncGenerator<Buffer>) => void = () => {};
  const begun = new Promise<AsyncGenerator<Buffer>>((resolve) => {
    begin = resolve;
  });
  const done = run((port) => begin(receiveChunks(port)));
  // Where the job fails its own error is the better one; it is awaited below.
  done.catch(() => {});
  try {
    const chunks = await Promise.race([begun, done]);
    if (!(Symbol.asyncIterator in chunks)) return;
    try {
      yield* chunks;
    } catch (error) {
      await done;
      throw error;
    }
    await done;
  } finally {
    control.abort();
  }
}
