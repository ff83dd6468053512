import { Worker } from "node:worker_threads";
import { BerthError, createLimiter, type ErrorKind, workerUrl } from "../../../lib/index.ts";
import type { ArchiveToUnpack, CopyRequest, HashRequest } from "./copy-request.ts";

export type FileJob =
  | { kind: "copy"; request: CopyRequest }
  | { kind: "hash"; request: HashRequest }
  | { kind: "workdir"; request: { target: string; path: string; user: string } };

export type FileReply =
  | { result: ArchiveToUnpack[] | string | undefined }
  | { failure: { kind: ErrorKind; message: string } };

/** Threads that copy and hash: one after the other each, ended when there is nothing to do. */
export interface FileJobs {
  run(job: FileJob, signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

const IDLE_MS = 30_000;

export function createFileJobs({ size }: { size: number }): FileJobs {
  const idle: { worker: Worker; timer: NodeJS.Timeout }[] = [];
  const all = new Set<Worker>();
  const limit = createLimiter(size);
  const start = () => {
    const worker = new Worker(workerUrl("files", new URL("./files.worker.ts", import.meta.url)), {
      // Descriptors that system calls of our own have opened are none that Node knows of.
      trackUnmanagedFds: false,
    });
    all.add(worker);
    worker.on("error", () => {}); // the job under way hears of it by itself
    worker.once("exit", () => all.delete(worker));
    return worker;
  };
  const take = () => {
    // The one that rested last: the digests that it remembers are the newest.
    const resting = idle.pop();
    if (resting === undefined) return start();
    clearTimeout(resting.timer);
    resting.worker.ref();
    return resting.worker;
  };
  const rest = (worker: Worker) => {
    if (!all.has(worker)) return;
    worker.unref();
    const timer = setTimeout(() => {
      idle.splice(
        idle.findIndex((each) => each.worker === worker),
        1,
      );
      void worker.terminate();
    }, IDLE_MS).unref();
    idle.push({ worker, timer });
  };
  return {
    run: (job, signal) =>
      limit(async () => {
        signal.throwIfAborted();
        const worker = take();
        try {
          return await runOn(worker, job, signal);
        } finally {
          rest(worker);
        }
      }),
    close: async () => void (await Promise.all([...all].map((worker) => worker.terminate()))),
  };
}

function runOn(worker: Worker, job: FileJob, signal: AbortSignal): Promise<unknown> {
  const cancel = new SharedArrayBuffer(4);
  const stop = () => Atomics.store(new Int32Array(cancel), 0, 1);
  signal.addEventListener("abort", stop, { once: true });
  return new Promise((resolve, reject) => {
    const over = () => {
      signal.removeEventListener("abort", stop);
      worker.off("message", heard);
      worker.off("error", died);
      worker.off("exit", died);
    };
    const heard = (reply: FileReply) => {
      over();
      if ("result" in reply) resolve(reply.result);
      else reject(new BerthError(reply.failure.kind, reply.failure.message));
    };
    const died = (cause: unknown) => {
      over();
      reject(new BerthError("internal", "a thread that copies files died", { cause }));
    };
    worker.on("message", heard);
    worker.on("error", died);
    worker.on("exit", died);
    worker.postMessage({ job, cancel });
  });
}
