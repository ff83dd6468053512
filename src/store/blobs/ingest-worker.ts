import { Worker } from "node:worker_threads";
import { BerthError, workerUrl } from "../../lib/index.ts";
import type { IngestReply, IngestRequest, IngestValue } from "./messages.ts";

/** Milliseconds without work after which the worker's memory is given back. */
const idleAfter = 5_000;

export interface IngestWorker {
  ask(request: IngestRequest, transfer?: ArrayBuffer[]): Promise<IngestValue>;
  /** Ends the thread. Requests under way fail with kind "unavailable". */
  close(): Promise<void>;
}

interface Pending {
  resolve(value: IngestValue): void;
  reject(error: unknown): void;
}

/** One worker thread for all blobs, started on demand and ended when idle. It never keeps the process alive alone. */
export function createIngestWorker(): IngestWorker {
  const pending = new Map<number, Pending>();
  const open = new Set<number>();
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout | undefined;
  let seq = 0;

  const rest = (): void => {
    if (pending.size > 0) return;
    worker?.unref();
    if (open.size > 0) return;
    timer = setTimeout(() => void stop(), idleAfter);
    timer.unref();
  };
  const stop = async (): Promise<void> => {
    const ending = worker;
    worker = undefined;
    await ending?.terminate();
  };
  const start = (): Worker => {
    const started = new Worker(workerUrl("ingest", new URL("./ingest.worker.ts", import.meta.url)));
    started.on("message", (reply: IngestReply) => {
      const waiting = pending.get(reply.seq);
      pending.delete(reply.seq);
      if ("value" in reply) waiting?.resolve(reply.value);
      else waiting?.reject(new BerthError(reply.failure.kind, reply.failure.message));
      rest();
    });
    const lost = (error?: unknown): void => {
      if (worker === started) worker = undefined;
      for (const waiting of pending.values())
        waiting.reject(new BerthError("unavailable", "the blob writer has ended", { cause: error }));
      pending.clear();
      open.clear();
    };
    started.on("error", lost);
    started.on("exit", () => {
      if (worker === started || worker === undefined) lost();
    });
    return started;
  };
  return {
    ask(request, transfer = []) {
      clearTimeout(timer);
      if (request.op === "open") open.add(request.session);
      if (request.op === "finish" || request.op === "drop") open.delete(request.session);
      worker ??= start();
      worker.ref();
      const number = ++seq;
      const target = worker;
      return new Promise((resolve, reject) => {
        pending.set(number, { resolve, reject });
        target.postMessage({ seq: number, request }, transfer);
      });
    },
    async close() {
      clearTimeout(timer);
      await stop();
    },
  };
}
