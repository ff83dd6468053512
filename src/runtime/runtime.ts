import type { Readable, Writable } from "node:stream";
import type { OciProcess, OciResources, OciSpec } from "./spec/index.ts";

/**
 * A container that its monitor looks after: everything that the driver needs to find it again after a restart of the
 * daemon. Plain data; the engine keeps it in the run state and gives it back unchanged.
 */
export interface RunningHandle {
  readonly id: string;
  /** Name of the runtime that made it. */
  readonly runtime: string;
  readonly pid: number;
  readonly pidStart: number;
  readonly monitorPid: number;
  readonly monitorStart: number;
  /** Holds config.json, and the monitor's socket, FIFOs and files. */
  readonly bundle: string;
  /** Path below each cgroup hierarchy's mount point. */
  readonly cgroupPath: string;
  readonly terminal: boolean;
  readonly stdin: StdinMode;
  /** It has no pid namespace of its own: its processes can outlive the first one. */
  readonly sharedPids: boolean;
  readonly log?: LogFileOptions;
}

/** "once": the first attached client that ends its stdin, or leaves, ends the container's; "open": nobody ends it. */
export type StdinMode = "none" | "once" | "open";

export interface LogFileOptions {
  /** The current file; rotated ones are beside it, with .1 (newest), .2 … at the end of the name. */
  readonly path: string;
  /** Bytes at which a new file is begun; unless given, it grows for ever. */
  readonly maxSize?: number;
  /** Files in all, the current one included; unless given 1. */
  readonly maxFile?: number;
}

export interface CreateOptions {
  id: string;
  /** A folder of the container's own. */
  bundle: string;
  /** Written to config.json in the bundle; unless given, that is there. */
  spec?: OciSpec;
  /** Name of a configured runtime; the default one unless given. */
  runtime?: string;
  terminal: boolean;
  /** Container.OpenStdin and StdinOnce. */
  stdin: boolean;
  stdinOnce: boolean;
  log?: LogFileOptions;
  /** linux.cgroupsPath of config.json. */
  cgroupPath: string;
  /** process.args[0] and process.cwd: what failure texts name. */
  command?: string;
}

export interface ExitInfo {
  exitCode: number;
  finishedAt: Date;
  oomKilled: boolean;
  /** Set where the end was not the process's own doing. */
  error?: string;
}

/**
 * The bytes of a process, ready for the wire: `output` raw with a terminal, otherwise in Docker's stream framing. It ends
 * after the last byte that the process wrote. Nothing is lost from the moment `attach` resolves. A reader that does not
 * read stops the process when pipes are full; memory stays bounded. `input` is undefined where stdin was not asked for
 * or the process has none; ending it ends the process's stdin (except mode "open" and terminals). Destroying detaches.
 */
export interface Attachment {
  readonly tty: boolean;
  readonly output: Readable;
  readonly input: Writable | undefined;
  destroy(): void;
}

export interface AttachStreams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

export interface ExecOptions {
  /** Unique among the execs of this container. */
  id: string;
  /** `process.terminal` decides about the terminal. */
  process: OciProcess;
  /** Unless given, detached: no stdin, output dropped; it goes on when the daemon dies. */
  attach?: AttachStreams;
}

export interface ExecHandle {
  /** In the host's pid namespace. */
  readonly pid: number;
  /** Exit code; 128+n for a signal. 137 where its monitor was killed. Never rejects. */
  readonly exit: Promise<number>;
  /** SIGKILL to the process and to all that it has started. */
  kill(): void;
  /** Set where `attach` was given. */
  readonly attachment: Attachment | undefined;
  resize(size: { height: number; width: number }): Promise<void>;
}

/** What is known of a container whose making was cut short. */
export type Remnant = Pick<RunningHandle, "id" | "bundle" | "cgroupPath"> & { runtime?: string };

export interface Runtime {
  /** Names of the configured runtimes. */
  readonly names: readonly string[];
  readonly defaultName: string;
  /** A `create` or an `exec` will soon follow: what it would have to wait for begins now. Costs next to nothing. */
  warmUp(): void;
  /**
   * Makes the container up to its process, which waits for `start`. Rejects with Docker's text: kind "invalid" and exit
   * code 127 (no such command) or 126 (not executable), otherwise "internal"; nothing is left behind then.
   */
  create(options: CreateOptions): Promise<RunningHandle>;
  /** Lets the process run. Rejects where it is gone. */
  start(handle: RunningHandle): Promise<void>;
  /** Signal number to the container's first process; false where it has ended. */
  kill(handle: RunningHandle, signal: number): boolean;
  /** SIGKILL to every process of the container, through its cgroup. Resolves when none is left. */
  killAll(handle: RunningHandle): Promise<void>;
  pause(handle: RunningHandle): Promise<void>;
  resume(handle: RunningHandle): Promise<void>;
  /** What the kernel says. */
  isPaused(handle: RunningHandle): boolean;
  /** Other limits from now on; what is left out stays. Rejects with the runtime's words. */
  update(handle: RunningHandle, resources: Omit<OciResources, "devices">): Promise<void>;
  /** Pids (host's) of every process in the container. */
  pids(handle: RunningHandle): number[];
  /** Ends what still runs and removes everything but config.json and the root file system. Idempotent. */
  delete(handle: RunningHandle): Promise<void>;
  /** `delete` for a container that no handle was kept of; looks for its monitor among all processes. */
  cleanUp(remnant: Remnant): Promise<void>;
  /** Takes a container over after a restart of the daemon: goes on rotating its log. Says whether its monitor lives. */
  adopt(handle: RunningHandle): boolean;
  /**
   * Resolves when the container has ended and its last output is in the log; at once where it had. A monitor that was
   * killed ends the container: exit code 137 and an error. Never rejects; the same promise for each caller.
   */
  onExit(handle: RunningHandle): Promise<ExitInfo>;
  attach(handle: RunningHandle, streams: AttachStreams): Promise<Attachment>;
  resize(handle: RunningHandle, size: { height: number; width: number }): Promise<void>;
  /** Rejects with Docker's text, kind "invalid" and exit code 126 or 127 where the process cannot be started. */
  exec(handle: RunningHandle, options: ExecOptions): Promise<ExecHandle>;
  /** SIGKILL to one process of the container, named by its pid and start time, and to all that it has started. */
  killProcess(handle: RunningHandle, process: { pid: number; start: number }): void;
  /** Lets go of everything; containers run on. */
  close(): void;
}
