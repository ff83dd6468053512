import { rm } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { detectCompression, MAGIC_BYTES, peek } from "../../lib/compress/index.ts";
import { BerthError, deferred, type ErrorKind, makeFolders, workerUrl } from "../../lib/index.ts";
import { decompressOdd } from "./decompress-odd.ts";
import type { SpooledEntry, SpoolLimits } from "./spool-files.ts";

/** An archive's files on disk, hashed. Remove it when done: what was adopted as a blob has left it. */
export interface SpooledArchive {
  entries: SpooledEntry[];
  remove(): Promise<void>;
}

export const defaultSpoolLimits: SpoolLimits = { entries: 100_000, bytes: 256 * 1024 ** 3 };

/** Bytes on their way to the worker before the source waits. */
const inFlightLimit = 4 * 1024 * 1024;

type Message = { taken: number } | { entries: SpooledEntry[] } | { failure: { kind: ErrorKind; message: string } };

/**
 * Writes an image archive's files into a new folder, in a worker. Plain, gzip, zstd, xz and bzip2 are told apart by
 * their bytes. On failure nothing is left. Kinds: "invalid" for a broken archive, "exhausted" over a limit or a full
 * disk, "cancelled" by the signal.
 */
export async function spoolArchive(
  folder: string,
  source: AsyncIterable<Buffer>,
  options: { limits?: SpoolLimits; signal?: AbortSignal } = {},
): Promise<SpooledArchive> {
  const { head, whole } = await peek(source, MAGIC_BYTES);
  const found = detectCompression(head);
  const odd = found === "xz" || found === "bzip2";
  await makeFolders(folder, 0o700);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const workerData = { folder, compression: odd ? "none" : found, limits: options.limits ?? defaultSpoolLimits };
  const worker = new Worker(workerUrl("spool", new URL("./spool.worker.ts", import.meta.url)), { workerData });
  try {
    const entries = await feed(worker, odd ? decompressOdd(found, whole) : whole, options.signal);
    return { entries, remove };
  } catch (error) {
    await worker.terminate();
    await remove();
    throw error;
  } finally {
    await worker.terminate();
  }
}

async function feed(
  worker: Worker,
  source: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): Promise<SpooledEntry[]> {
  const result = deferred<SpooledEntry[]>();
  let inFlight = 0;
  let wake: (() => void) | undefined;
  let over = false;
  const fail = (error: Error): void => {
    over = true;
    result.reject(error);
    wake?.();
  };
  worker.on("message", (message: Message) => {
    if ("failure" in message) fail(new BerthError(message.failure.kind, message.failure.message));
    else if ("entries" in message) result.resolve(message.entries);
    else inFlight -= message.taken;
    wake?.();
  });
  worker.on("error", fail);
  worker.on("exit", () => fail(new BerthError("unavailable", "the archive reader has ended")));
  const abort = (): void => fail(new BerthError("cancelled", "context canceled"));
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    for await (const chunk of source) {
      const copy = new Uint8Array(chunk); // the chunk may be a window on memory shared with others
      inFlight += copy.length;
      worker.postMessage(copy, [copy.buffer]);
      while (inFlight > inFlightLimit && !over)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (over) break;
    }
    worker.postMessage(null);
    return await result.promise;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
