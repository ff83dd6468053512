/** The store's heavy work, each piece a *job* on a worker thread of a *pool*. */
export { jobStream } from "./job-stream.ts";
export { createJobPool, type JobOptions, type JobPool } from "./pool.ts";
