import { parentPort } from "node:worker_threads";
import { BerthError, kindOf, messageOf } from "../../../lib/index.ts";
import { makeWorkdir, runCopy } from "./copy-job.ts";
import type { FileJob, FileReply } from "./file-jobs.ts";
import { runHash } from "./hash-files.ts";

parentPort?.on("message", ({ job, cancel }: { job: FileJob; cancel: SharedArrayBuffer }) => {
  const flag = new Int32Array(cancel);
  const checkpoint = () => {
    if (Atomics.load(flag, 0) !== 0) throw new BerthError("cancelled", "cancelled");
  };
  parentPort?.postMessage(answer(job, checkpoint));
});

function answer(job: FileJob, checkpoint: () => void): FileReply {
  try {
    if (job.kind === "copy") return { result: runCopy(job.request, checkpoint) };
    if (job.kind === "hash") return { result: runHash(job.request, checkpoint) };
    return { result: makeWorkdir(job.request) };
  } catch (error) {
    return { failure: { kind: kindOf(error), message: messageOf(error) } };
  }
}
