import type { MessagePort } from "node:worker_threads";
import { BerthError, type ErrorKind, kindOf, messageOf } from "../../lib/index.ts";
import type { PackRequest, PackResult } from "../layers/pack-job.ts";
import type { UnpackRequest, UnpackResult } from "../layers/unpack-job.ts";
import type { ArchivePackRequest, ArchiveUnpackRequest } from "../trees/archive-jobs.ts";
import type { ChangesRequest, TreeChange } from "../trees/changes.ts";
import type { CopyTreeRequest } from "../trees/copy-tree.ts";
import type { DiskUsage } from "../trees/disk-usage.ts";
import type { LayerCensus, LayerCensusRequest } from "../trees/layer-census.ts";

/** The work that the store does off the main thread: request and result of each job, plain data both. */
export interface Jobs {
  unpack: { request: UnpackRequest; result: UnpackResult };
  pack: { request: PackRequest; result: PackResult };
  "remove-tree": { request: { path: string }; result: undefined };
  "disk-usage": { request: { path: string }; result: DiskUsage };
  "copy-tree": { request: CopyTreeRequest; result: undefined };
  "sync-file-system": { request: { path: string }; result: undefined };
  "archive-pack": { request: ArchivePackRequest; result: undefined };
  "archive-unpack": { request: ArchiveUnpackRequest; result: undefined };
  changes: { request: ChangesRequest; result: TreeChange[] };
  "layer-census": { request: LayerCensusRequest; result: LayerCensus[] };
  "digest-file": { request: { path: string }; result: string };
  unmount: { request: { target: string }; result: undefined };
}

export type JobName = keyof Jobs;

/** To the worker: one job at a time. */
export interface JobMessage {
  job: JobName;
  request: Jobs[JobName]["request"];
  /** Set to 1 to stop the job at its next step. */
  cancel: SharedArrayBuffer;
  /** Bytes in (unpack) or out (pack), where the job has any. */
  port?: MessagePort;
}

/** From the worker. After `result` or `failure` it is free for the next job. */
export type JobReply =
  | { progress: number }
  | { result: Jobs[JobName]["result"] }
  | { failure: { kind: ErrorKind; message: string } };

/** An error as data for the other thread. */
export function toFailure(error: unknown): { kind: ErrorKind; message: string } {
  return { kind: kindOf(error), message: messageOf(error) };
}

export function fromFailure({ kind, message }: { kind: ErrorKind; message: string }): BerthError {
  return new BerthError(kind, message);
}
