import type { MessagePort } from "node:worker_threads";
import { BerthError } from "../../lib/index.ts";

/**
 * A stream of bytes from one thread to another with back-pressure. The sender copies into memory that moves over, and
 * waits while the receiver has this much to take.
 */
const WINDOW = 4 * 1024 * 1024;
/** Small pieces are put together up to this size. */
const BATCH = 256 * 1024;

type ToReceiver = { chunk: ArrayBuffer; length: number } | { end: true } | { failed: true };
type ToSender = { taken: number } | { stop: true };

/**
 * Sends the source to its end. Resolves when all is sent or the receiver has stopped taking; rejects as the source
 * does, after telling the receiver. The port is closed by the receiver.
 */
export async function sendChunks(port: MessagePort, source: AsyncIterable<Uint8Array>): Promise<void> {
  const sender = new Sender(port);
  try {
    for await (const chunk of source) {
      if (sender.stopped) return;
      await sender.add(chunk);
    }
    sender.end();
  } catch (error) {
    sender.fail();
    throw error;
  } finally {
    port.removeAllListeners("message");
  }
}

class Sender {
  readonly #port: MessagePort;
  #batch = new Uint8Array(BATCH);
  #filled = 0;
  #inFlight = 0;
  #wake: (() => void) | undefined;
  stopped = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (message: ToSender) => this.#heard(message));
    port.on("close", () => this.#heard({ stop: true }));
  }

  #heard(message: ToSender): void {
    if ("stop" in message) this.stopped = true;
    else this.#inFlight -= message.taken;
    this.#wake?.();
  }

  async add(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + BATCH - this.#filled);
      this.#batch.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === BATCH) this.#flush();
    }
    while (this.#inFlight >= WINDOW && !this.stopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #flush(): void {
    if (this.#filled === 0) return;
    const { buffer } = this.#batch;
    this.#post({ chunk: buffer, length: this.#filled }, [buffer]);
    this.#inFlight += this.#filled;
    this.#batch = new Uint8Array(BATCH);
    this.#filled = 0;
  }

  end(): void {
    this.#flush();
    this.#post({ end: true });
  }

  fail(): void {
    this.#post({ failed: true });
  }

  #post(message: ToReceiver, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}

/**
 * What the other side sends, once. Throws "cancelled" where its source failed: the sender holds the reason. Leaving
 * early stops the sender. `onTaken` hears how many bytes have been taken in all.
 */
export async function* receiveChunks(port: MessagePort, onTaken?: (bytes: number) => void): AsyncGenerator<Buffer> {
  const waiting: ToReceiver[] = [];
  let wake: (() => void) | undefined;
  let total = 0;
  port.on("message", (message: ToReceiver) => {
    waiting.push(message);
    wake?.();
  });
  port.on("close", () => {
    waiting.push({ failed: true });
    wake?.();
  });
  try {
    for (;;) {
      const message = waiting.shift();
      if (message === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if ("chunk" in message) {
        yield Buffer.from(message.chunk, 0, message.length);
        total += message.length;
        onTaken?.(total);
        port.postMessage({ taken: message.length } satisfies ToSender);
      } else if ("end" in message) return;
      else throw new BerthError("cancelled", "the source failed");
    }
  } finally {
    port.postMessage({ stop: true } satisfies ToSender);
    port.close();
  }
}
