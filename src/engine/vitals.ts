import type { ContainerStats, ContainerTop, HostConfig } from "../spec/api/index.ts";

/** What is watched and changed of containers that run. `ref` is as for Containers. */
export interface Vitals {
  /** Processes, by the host's ps with these options ("" for -ef). */
  top(ref: string, psArguments: string): Promise<ContainerTop>;
  /**
   * Resource use: a document each second until the container is removed, or one alone; then with the sample before it,
   * unless `oneShot`. A container that does not run has documents without figures.
   */
  stats(
    ref: string,
    options: { stream: boolean; oneShot: boolean },
    signal: AbortSignal,
  ): Promise<AsyncIterable<ContainerStats>>;
  /** Changes limits and the restart policy; what is left out, 0 or "" stays. */
  update(ref: string, change: HostConfig): Promise<{ Warnings: string[] | null }>;
}
