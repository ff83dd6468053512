import type { Writable } from "node:stream";

/**
 * Gives every chunk of the source to all sinks, as fast as the slowest takes them, and ends them all. A sink that
 * fails, a source that fails or the signal ends the others with that error; then this rejects with it.
 */
export async function tee(
  source: AsyncIterable<Buffer>,
  sinks: readonly Writable[],
  options: { onChunk?(bytes: number): void; beforeEnd?(): Promise<void> } = {},
): Promise<void> {
  try {
    for await (const chunk of source) {
      await Promise.all(sinks.map((sink) => take(sink, chunk)));
      options.onChunk?.(chunk.length);
    }
    await options.beforeEnd?.();
    for (const sink of sinks) sink.end();
  } catch (error) {
    for (const sink of sinks) destroy(sink, error);
    throw error;
  }
}

function destroy(sink: Writable, error: unknown): void {
  // Whoever reads the sink's other end hears of it there; here the error is thrown once.
  sink.on("error", () => {});
  sink.destroy(error instanceof Error ? error : new Error(String(error)));
}

/** Resolves when the sink wants more, rejects when it has failed. */
function take(sink: Writable, chunk: Buffer): Promise<void> | undefined {
  if (sink.destroyed || sink.errored) throw sink.errored ?? new Error("the receiver of a stream has gone");
  if (sink.write(chunk)) return undefined;
  return new Promise((resolve, reject) => {
    const settle = (error?: Error | null): void => {
      sink.off("drain", settle);
      sink.off("close", closed);
      sink.off("error", settle);
      if (error) reject(error);
      else resolve();
    };
    const closed = (): void => settle(sink.errored ?? new Error("the receiver of a stream has gone"));
    sink.once("drain", settle);
    sink.once("close", closed);
    sink.once("error", settle);
  });
}
