import type { MessagePort } from "node:worker_threads";

/** What a job is given beside its request. */
export interface JobContext {
  /** Throws "cancelled" once the job is no longer wanted. Call it often. */
  checkpoint(): void;
  /** Bytes dealt with so far. */
  progress(bytes: number): void;
  port: MessagePort | undefined;
}
