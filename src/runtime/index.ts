/**
 * A configuration and a root file system become a supervised process.
 *
 * Vocabulary: a *runtime* is an OCI runtime (crun, runc), a program that makes the container and ends. A *monitor* (conmon)
 * is the process that then holds its terminal and pipes, writes its log and its exit code; it outlives the daemon. A
 * *handle* is all that must be remembered to find both again. An *attachment* is one client's view of the bytes.
 */

export { type ChooseOptions, chooseRuntime, type RuntimeChoice } from "./choose-runtime.ts";
export { createRuntime } from "./create-runtime.ts";
export type { ContextOptions as RuntimeOptions } from "./driver/context.ts";

export type { ReadLogsOptions } from "./logs/options.ts";
export { readLogs } from "./logs/read-logs.ts";
export type { RuntimeProgram } from "./monitor/program.ts";
export type * from "./runtime.ts";
export * from "./spec/index.ts";
