import { createQueue, type Queue } from "../../lib/index.ts";
import type { Endpoint, PublishedPort } from "../../network/index.ts";
import type { Attachment, RunningHandle } from "../../runtime/index.ts";
import type { ContainerRecord, ContainerStateRecord } from "../../store/records/index.ts";
import { createNotice, type Notice } from "./notice.ts";

/** What a run has of networks. It is changed in place, in the container's queue, when the container joins or leaves one. */
export interface Sandbox {
  endpoints: Endpoint[];
  ports: PublishedPort[];
}

/** What leads back to a container's processes after a restart of the daemon: `run.json` in the exec root. */
export interface RunState {
  schema: 1;
  /** The boot that the process belongs to: after another one its pid means nothing. */
  bootId: string;
  handle: RunningHandle;
  /** Volumes that this run has mounted. */
  volumes: string[];
  /** What else was mounted in the exec root for this run. */
  pinned: string[];
  /** What this run has of networks. */
  sandbox?: Sandbox;
}

/** One run of a container, from its start to the end of the work after its exit. */
export interface Run extends RunState {
  /** Resolves when the exit has been dealt with: the state says so, and nothing of the run is left. */
  readonly over: Notice<void>;
  /** The process has ended and its last output is in the log; the work after that may go on still. */
  readonly exited: Notice<void>;
}

export function runOf(state: RunState): Run {
  return { ...state, over: createNotice(), exited: createNotice() };
}

export interface ContainerExit {
  exitCode: number;
}

/** A client that attached while nothing ran, and gets the next run's bytes. */
export interface PendingAttach {
  connect(
    attach: (streams: { stdin: boolean; stdout: boolean; stderr: boolean }) => Promise<Attachment>,
  ): Promise<void>;
  /** No run will come. */
  end(): void;
}

/** A restart that the policy has planned. */
interface PlannedRestart {
  cancel(): void;
}

/**
 * A container in memory. `record` and `state` are replaced, never changed in place, so that a reader who holds one sees
 * a whole; whoever replaces them does so in the container's queue. Reading needs no queue.
 */
export interface Container {
  readonly id: string;
  record: ContainerRecord;
  state: ContainerStateRecord;
  /** "making": not to be seen yet. "removing": seen, but nothing else may begin. "gone": nobody finds it any more. */
  phase: "making" | "kept" | "removing" | "gone";
  run: Run | undefined;
  /** Set as long as it has addresses, which is while it starts and runs. */
  sandbox: Sandbox | undefined;
  /** Addresses that its next run should have again, where they are free. */
  addresses?: readonly Endpoint[];
  readonly queue: Queue;
  readonly execs: Set<string>;
  readonly attachers: Set<PendingAttach>;
  /** The next end of a run that no restart follows; replaced each time. */
  exit: Notice<ContainerExit>;
  readonly removed: Notice<ContainerExit>;
  restart: PlannedRestart | undefined;
  /** The health checks of a container that runs and has some. */
  checks: { stop(): void } | undefined;
  /** How long the policy waits next time, in milliseconds. */
  restartDelay: number;
  /** Set by whoever stops it, so that the policy leaves it alone this once. */
  exitOnNext: boolean;
}

export function createContainer(record: ContainerRecord, state: ContainerStateRecord): Container {
  return {
    id: record.id,
    record,
    state,
    phase: "making",
    run: undefined,
    sandbox: undefined,
    queue: createQueue(),
    execs: new Set(),
    attachers: new Set(),
    exit: createNotice(),
    removed: createNotice(),
    restart: undefined,
    checks: undefined,
    restartDelay: 0,
    exitOnNext: false,
  };
}

/** Docker counts a paused container, and one that waits for its restart, as running. */
export function isRunning(container: Container): boolean {
  const { status } = container.state;
  return status === "running" || status === "paused" || status === "restarting";
}

export const isAutoRemoved = (container: Container): boolean => container.record.hostConfig.AutoRemove === true;
