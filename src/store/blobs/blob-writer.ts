import { Writable } from "node:stream";
import { deferred } from "../../lib/index.ts";
import type { Digest } from "../../spec/index.ts";
import type { IngestWorker } from "./ingest-worker.ts";

/** Bytes on their way to the worker before the writer asks its source to wait. */
const inFlightLimit = 4 * 1024 * 1024;
/** Bytes that go to the worker at once. */
const batchSize = 512 * 1024;

export interface BlobWriterOptions {
  worker: IngestWorker;
  session: number;
  folder: string;
  expected?: string;
  /** Bytes already there from an earlier, broken attempt. */
  offset: number;
  /** Leave what was written for a later attempt when this one fails. */
  keep: boolean;
  release(): void;
}

/**
 * Takes a blob's bytes. Ending it makes the blob count: hashed, compared with the digest expected, synced, renamed;
 * `committed` then gives digest and size, or rejects as `finish` would have errored. Destroying it before that leaves
 * no blob, only (where it can be resumed) the bytes received so far.
 */
export class BlobWriter extends Writable {
  readonly offset: number;
  readonly committed: Promise<{ digest: Digest; size: number }>;
  readonly #options: BlobWriterOptions;
  readonly #committed = deferred<{ digest: Digest; size: number }>();
  #batch = new Uint8Array(batchSize);
  #filled = 0;
  #inFlight = 0;
  #failure: unknown;
  #wake: (() => void) | undefined;
  #finishing: Promise<void> | undefined;

  constructor(options: BlobWriterOptions) {
    super({ highWaterMark: 1024 * 1024, decodeStrings: true });
    this.#options = options;
    this.offset = options.offset;
    this.committed = this.#committed.promise;
    this.on("error", () => {}); // `committed` tells it
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + batchSize - this.#filled);
      this.#batch.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === batchSize) this.#flush();
    }
    if (this.#failure !== undefined) done(asError(this.#failure));
    else if (this.#inFlight < inFlightLimit) done();
    else this.#wake = () => done(this.#failure === undefined ? null : asError(this.#failure));
  }

  /** Sends what has been put together. The memory moves to the worker; a chunk was a window on someone else's. */
  #flush(): void {
    const size = this.#filled;
    if (size === 0) return;
    const block = this.#batch;
    this.#batch = new Uint8Array(batchSize);
    this.#filled = 0;
    this.#inFlight += size;
    const { worker, session } = this.#options;
    worker.ask({ op: "write", session, chunk: block, size }, [block.buffer]).then(
      () => this.#arrived(size),
      (error: unknown) => {
        this.#failure ??= error;
        this.#arrived(size);
      },
    );
  }

  #arrived(size: number): void {
    this.#inFlight -= size;
    if (this.#inFlight >= inFlightLimit && this.#failure === undefined) return;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  override _final(done: (error?: Error | null) => void): void {
    const { worker, session, folder, expected } = this.#options;
    if (this.#failure !== undefined) {
      done(asError(this.#failure));
      return;
    }
    this.#flush();
    const request = { op: "finish", session, folder, ...(expected === undefined ? {} : { expected }) } as const;
    this.#finishing = worker.ask(request).then(
      ({ size, hex }) => {
        this.#committed.resolve({ digest: `sha256:${hex}`, size });
        done();
      },
      (error: unknown) => done(asError(this.#failure ?? error)),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { worker, session, keep, release } = this.#options;
    const over = (): void => {
      this.#committed.reject(error ?? new Error("blob writer was closed before its end"));
      release();
      done(error);
    };
    // Once the end is under way it is too late: the blob counts or not, and `committed` tells which.
    if (this.#finishing !== undefined) {
      this.#finishing.then(over);
      return;
    }
    if (keep && this.#failure === undefined) this.#flush();
    worker.ask({ op: "drop", session, keep: keep && !isFatal(this.#failure) }).then(over, over);
  }
}

/** Bytes that proved wrong or too many are not kept for another attempt. */
function isFatal(error: unknown): boolean {
  const kind = (error as { kind?: string } | undefined)?.kind;
  return kind === "corrupt" || kind === "exhausted";
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
