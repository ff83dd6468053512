import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { BerthError, workerUrl } from "../../lib/index.ts";
import { sendChunks } from "./chunks.ts";
import { fromFailure, type JobMessage, type JobName, type JobReply, type Jobs } from "./protocol.ts";

export interface JobOptions {
  /** Aborting rejects with "cancelled" once the worker has let go of its files. */
  signal?: AbortSignal;
  /** Bytes that the job takes in. Destroyed on failure where it can be. */
  source?: AsyncIterable<Uint8Array>;
  /** Called with the port on which the job's bytes come out. */
  output?: (port: MessagePort) => void;
  onProgress?: (bytes: number) => void;
}

/** Worker threads for the store's jobs: started when needed, each doing one job at a time, ended when idle. */
export interface JobPool {
  /** Rejects as the job does, or with "internal" where its thread died. Jobs beyond the pool's size wait in order. */
  run<Name extends JobName>(
    job: Name,
    request: Jobs[Name]["request"],
    options?: JobOptions,
  ): Promise<Jobs[Name]["result"]>;
  /** Ends the threads; jobs under way reject. */
  close(): Promise<void>;
}

const IDLE_MS = 10_000;

export function createJobPool({ size }: { size: number }): JobPool {
  return new Pool(size);
}

interface Slot {
  worker: Worker;
  busy: boolean;
  idle: NodeJS.Timeout | undefined;
}

class Pool implements JobPool {
  readonly #size: number;
  readonly #slots = new Set<Slot>();
  readonly #waiting: { resolve(slot: Slot): void; reject(error: Error): void }[] = [];
  #closed = false;

  constructor(size: number) {
    this.#size = size;
  }

  async run<Name extends JobName>(
    job: Name,
    request: Jobs[Name]["request"],
    options: JobOptions = {},
  ): Promise<Jobs[Name]["result"]> {
    const slot = await this.#take(options.signal).catch((error: unknown) => {
      destroy(options.source);
      throw error;
    });
    try {
      return (await runOn(slot.worker, job, request, options)) as Jobs[Name]["result"];
    } finally {
      this.#giveBack(slot);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(closed());
    await Promise.all([...this.#slots].map((slot) => slot.worker.terminate()));
  }

  async #take(signal: AbortSignal | undefined): Promise<Slot> {
    if (this.#closed) throw closed();
    if (signal?.aborted) throw cancelled(signal);
    for (const slot of this.#slots) {
      if (!slot.busy) return this.#claim(slot);
    }
    if (this.#slots.size < this.#size) return this.#claim(this.#start());
    return this.#wait(signal);
  }

  #wait(signal: AbortSignal | undefined): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        if (signal !== undefined) reject(cancelled(signal));
      };
      const waiter = {
        reject,
        resolve: (slot: Slot) => {
          signal?.removeEventListener("abort", leave);
          resolve(slot);
        },
      };
      signal?.addEventListener("abort", leave);
      this.#waiting.push(waiter);
    });
  }

  #claim(slot: Slot): Slot {
    clearTimeout(slot.idle);
    slot.busy = true;
    slot.worker.ref();
    return slot;
  }

  #start(): Slot {
    const worker = new Worker(workerUrl("store", new URL("./store.worker.ts", import.meta.url)));
    const slot: Slot = { worker, busy: false, idle: undefined };
    worker.once("exit", () => this.#slots.delete(slot));
    // A job under way hears of it by itself; without one there is nobody to tell.
    worker.on("error", () => this.#slots.delete(slot));
    this.#slots.add(slot);
    return slot;
  }

  #giveBack(slot: Slot): void {
    const alive = this.#slots.has(slot);
    const next = this.#waiting.shift();
    if (next !== undefined) next.resolve(alive ? slot : this.#claim(this.#start()));
    else if (alive) this.#rest(slot);
  }

  #rest(slot: Slot): void {
    slot.busy = false;
    slot.worker.unref();
    slot.idle = setTimeout(() => {
      this.#slots.delete(slot);
      void slot.worker.terminate();
    }, IDLE_MS).unref();
  }
}

const closed = () => new BerthError("cancelled", "the store is closed");
const cancelled = (signal: AbortSignal) => new BerthError("cancelled", "cancelled", { cause: signal.reason });

async function runOn(worker: Worker, job: JobName, request: object, options: JobOptions): Promise<unknown> {
  const { signal, source, output, onProgress } = options;
  const cancel = new SharedArrayBuffer(4);
  const stop = () => Atomics.store(new Int32Array(cancel), 0, 1);
  const channel = source === undefined && output === undefined ? undefined : new MessageChannel();
  const message: JobMessage = { job, request: request as JobMessage["request"], cancel };
  const answered = replyOf(worker, onProgress);
  if (channel === undefined) worker.postMessage(message);
  else worker.postMessage({ ...message, port: channel.port2 }, [channel.port2]);
  if (channel !== undefined) output?.(channel.port1);
  let sourceFailure: unknown;
  const sending =
    channel === undefined || source === undefined
      ? undefined
      : sendChunks(channel.port1, source).catch((error: unknown) => {
          sourceFailure = error;
        });
  signal?.addEventListener("abort", stop);
  // A job that waits for its source has to be woken as well.
  const cut = () => channel?.port1.close();
  signal?.addEventListener("abort", cut);
  try {
    const result = await answered;
    await sending;
    return result;
  } catch (error) {
    destroy(source);
    if (signal?.aborted) throw cancelled(signal);
    throw sourceFailure ?? error;
  } finally {
    signal?.removeEventListener("abort", stop);
    signal?.removeEventListener("abort", cut);
  }
}

function destroy(source: AsyncIterable<Uint8Array> | undefined): void {
  (source as { destroy?: () => void } | undefined)?.destroy?.();
}

function replyOf(worker: Worker, onProgress: ((bytes: number) => void) | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const heard = (reply: JobReply) => {
      if ("progress" in reply) return onProgress?.(reply.progress);
      over();
      if ("result" in reply) resolve(reply.result);
      else reject(fromFailure(reply.failure));
    };
    const died = (cause: unknown) => {
      over();
      reject(new BerthError("internal", "a worker thread of the store died", { cause }));
    };
    const over = () => {
      worker.off("message", heard);
      worker.off("error", died);
      worker.off("exit", died);
    };
    worker.on("message", heard);
    worker.on("error", died);
    worker.on("exit", died);
  });
}
