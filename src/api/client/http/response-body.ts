import { BerthError } from "../../../lib/index.ts";

const HIGH_WATER = 256 * 1024;

/** Where a body's bytes come from: what it asks for when it has too many of them, or is not wanted any more. */
export interface BodySource {
  pause(): void;
  resume(): void;
  destroy(): void;
}

type Consumer = (chunk: Buffer) => undefined | Promise<void>;

/**
 * The body of one response, read once: by `each`, `bytes`, `text` or `json`. Bytes that come before it is read are
 * held, up to a mark where the connection is paused.
 */
export class ResponseBody {
  #held: Buffer[] = [];
  #heldBytes = 0;
  #busy = false;
  #ended = false;
  #failure: Error | undefined;
  #consumer: Consumer | undefined;
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  readonly #source: BodySource;

  constructor(source: BodySource) {
    this.#source = source;
  }

  /** For the connection: bytes have come. */
  push(chunk: Buffer): void {
    if (this.#consumer !== undefined && !this.#busy && this.#held.length === 0) this.#deliver(chunk);
    else this.#hold(chunk);
  }

  /** For the connection: the body is complete, or has failed. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = error;
    this.#finishIfDone();
  }

  /** Gives each piece to `consumer`, waiting where it gives a promise. Resolves at the end of the body. */
  each(consumer: Consumer): Promise<void> {
    if (this.#consumer !== undefined) throw new BerthError("internal", "the response body is already being read");
    this.#consumer = consumer;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#drain();
    });
  }

  async bytes(limit = 64 * 1024 * 1024): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let total = 0;
    await this.each((chunk) => {
      total += chunk.length;
      if (total > limit) throw new BerthError("exhausted", `response body is larger than ${limit} bytes`);
      chunks.push(chunk);
      return undefined;
    });
    return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  }

  async text(limit?: number): Promise<string> {
    return (await this.bytes(limit)).toString("utf8");
  }

  /** Drops the rest, and the connection with it. */
  cancel(): void {
    this.#source.destroy();
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > HIGH_WATER) this.#source.pause();
  }

  #deliver(chunk: Buffer): void {
    let result: undefined | Promise<void>;
    try {
      result = this.#consumer?.(chunk);
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    if (result === undefined) return;
    this.#busy = true;
    this.#source.pause();
    result.then(
      () => {
        this.#busy = false;
        this.#drain();
      },
      (error: Error) => this.#fail(error),
    );
  }

  #drain(): void {
    while (!this.#busy && this.#held.length > 0) {
      const chunk = this.#held.shift();
      if (chunk === undefined) break;
      this.#heldBytes -= chunk.length;
      this.#deliver(chunk);
    }
    if (!this.#busy) this.#source.resume();
    this.#finishIfDone();
  }

  #finishIfDone(): void {
    if (!this.#ended || this.#busy || this.#held.length > 0) return;
    if (this.#failure === undefined) this.#settle?.resolve();
    else this.#settle?.reject(this.#failure);
    this.#settle = undefined;
  }

  #fail(error: Error): void {
    this.#held = [];
    this.#ended = true;
    this.#settle?.reject(error);
    this.#settle = undefined;
    this.#source.destroy();
  }
}
