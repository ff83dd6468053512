import { Readable } from "node:stream";
import { receiveChunks } from "./chunks.ts";
import type { JobOptions } from "./pool.ts";

type Output = NonNullable<JobOptions["output"]>;
type Run = (options: { signal: AbortSignal; output: Output }) => Promise<unknown>;

/**
 * The bytes that a job sends, as a stream that works as fast as it is read. Destroying it stops the job; the job's
 * failure is the stream's error. It closes once the worker has let go of its files.
 */
export function jobStream(run: Run, signal?: AbortSignal): Readable {
  const control = new AbortController();
  const signals = AbortSignal.any(signal === undefined ? [control.signal] : [control.signal, signal]);
  return Readable.from(
    bytesOf((output) => run({ signal: signals, output }), control),
    { objectMode: false },
  );
}

async function* bytesOf(run: (output: Output) => Promise<unknown>, control: AbortController): AsyncGenerator<Buffer> {
  let begin: (chunks: AsyncGenerator<Buffer>) => void = () => {};
  const begun = new Promise<AsyncGenerator<Buffer>>((resolve) => {
    begin = resolve;
  });
  const done = run((port) => begin(receiveChunks(port))).then(() => undefined);
  // Where the job fails its own error is the better one; it is awaited below.
  done.catch(() => {});
  try {
    const chunks = await Promise.race([begun, done]);
    if (chunks === undefined) return;
    try {
      yield* chunks;
    } catch (error) {
      await done;
      throw error;
    }
    await done;
  } finally {
    control.abort();
    await done.catch(() => {});
  }
}
