import { setTimeout as sleep } from "node:timers/promises";
import { BerthError, kindOf } from "../../lib/index.ts";
import type { Descriptor, Digest } from "../../spec/index.ts";
import type { ImageRegistry } from "./images-context.ts";
import type { TransferSink } from "./transfers.ts";

export interface DownloadOptions {
  repository: string;
  blob: Descriptor;
  /** Bytes that are here already. */
  offset: number;
  signal: AbortSignal;
  sink: TransferSink;
  /** Seconds before the second and later attempts, times their number; Docker's 5. */
  retryDelay: number;
}

/** Failures in a row, without a byte between them, after which a download is given up. */
const attempts = 5;

/**
 * A blob's bytes from `offset` to its end. A connection that breaks is taken up again where it broke, the first time
 * at once, then after a while; the reader notices nothing. What can never succeed (not found, forbidden) is not tried
 * again. The digest is the reader's to check.
 */
export async function* downloadBlob(registry: ImageRegistry, options: DownloadOptions): AsyncGenerator<Buffer> {
  const { blob, signal } = options;
  let received = options.offset;
  let failures = 0;
  while (received < blob.size || failures > 0 || options.offset === 0) {
    try {
      for await (const chunk of rest(registry, options, received)) {
        received += chunk.length;
        failures = 0;
        if (received > blob.size)
          throw new BerthError(
            "corrupt",
            `blob ${blob.digest} is longer than the ${blob.size} bytes its manifest says`,
          );
        yield chunk;
      }
      if (received === blob.size) return;
      throw new BerthError("unavailable", `blob ${blob.digest} ended after ${received} of ${blob.size} bytes`);
    } catch (error) {
      failures++;
      if (signal.aborted || isFinal(error) || failures >= attempts) throw error;
      await wait((failures - 1) * options.retryDelay, options);
    }
  }
}

/** Bytes from `received` on, also where the registry ignores the range and begins at the start. */
async function* rest(registry: ImageRegistry, options: DownloadOptions, received: number): AsyncGenerator<Buffer> {
  const { repository, blob, signal } = options;
  const { stream, offset } = await registry.fetchBlob(repository, blob.digest, { offset: received, signal });
  let skip = received - offset;
  if (skip < 0) throw new BerthError("invalid", "the registry answered with another range than was asked for");
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const wanted = skip > 0 ? chunk.subarray(Math.min(skip, chunk.length)) : chunk;
    skip -= chunk.length - wanted.length;
    if (wanted.length > 0) yield wanted;
  }
}

function isFinal(error: unknown): boolean {
  return ["invalid", "not-found", "unauthorized", "forbidden", "corrupt", "exhausted", "cancelled"].includes(
    kindOf(error),
  );
}

async function wait(seconds: number, { sink, signal }: DownloadOptions): Promise<void> {
  for (let left = Math.ceil(seconds); left > 0; left--) {
    sink.status(`Retrying in ${left} second${left === 1 ? "" : "s"}`);
    await sleep(Math.min(1000, seconds * 1000), undefined, { signal });
  }
}

/** A small blob (a config) whole, verified. */
export async function fetchSmallBlob(
  registry: ImageRegistry,
  options: Omit<DownloadOptions, "offset">,
  limit: number,
  digestOf: (bytes: Buffer) => Digest,
): Promise<Buffer> {
  const { blob } = options;
  if (blob.size > limit) throw new BerthError("exhausted", `blob ${blob.digest} is larger than ${limit} bytes`);
  const chunks: Buffer[] = [];
  for await (const chunk of downloadBlob(registry, { ...options, offset: 0 })) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (digestOf(bytes) !== blob.digest)
    throw new BerthError("corrupt", `image config verification failed for digest ${blob.digest}`);
  return bytes;
}
