import type { Duplex } from "node:stream";
import type { Ulimit } from "../../../spec/api/index.ts";

/**
 * Where a mount's content comes from: layers, the lowest first, which together are the root that paths are resolved in. A
 * stage or an image has many, a context's folder is the only one. Nobody changes them while the step runs, except the
 * owner of a context folder.
 */
export interface MountRoot {
  readonly lowers: readonly string[];
  /** What stands for the content (a chain id): caches that begin with other content are other caches. */
  readonly key: string;
}

export interface BindRunMount {
  readonly type: "bind";
  readonly target: string;
  readonly from: MountRoot;
  /** Path in the root; "/" unless given. */
  readonly source?: string;
  /** What is written is thrown away after the step. */
  readonly readWrite?: boolean;
}

export type CacheSharing = "shared" | "private" | "locked";

export interface CacheRunMount {
  readonly type: "cache";
  readonly target: string;
  /** The target unless the user says otherwise; that is the caller's to fill in. */
  readonly id: string;
  readonly sharing: CacheSharing;
  /** What a new cache begins with; empty unless given. */
  readonly from?: MountRoot;
  /** Path in `from`, and in the cache. */
  readonly source?: string;
  readonly readOnly?: boolean;
  /** Owner and mode of a new cache's folder. */
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

export interface TmpfsRunMount {
  readonly type: "tmpfs";
  readonly target: string;
  /** Bytes; without a limit unless given. */
  readonly size?: number;
}

export interface SecretRunMount {
  readonly type: "secret";
  readonly id: string;
  /** Absent where the client gave none; then `required` decides. */
  readonly value?: Uint8Array;
  readonly required?: boolean;
  /** Of the file; /run/secrets/<id> unless given, and no file at all where only `env` is given. */
  readonly target?: string;
  /** Name of a variable that holds it. */
  readonly env?: string;
  /** 0400 and root's unless given. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface SshRunMount {
  readonly type: "ssh";
  readonly id: string;
  /** A new connection to the client's agent. Absent where the client forwards none of that id. */
  readonly connect?: () => Promise<Duplex>;
  readonly required?: boolean;
  /** /run/buildkit/ssh_agent.<number> unless given. */
  readonly target?: string;
  /** 0600 and root's unless given. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** A file that the step reads or executes, such as a here-document's script. */
export interface FileRunMount {
  readonly type: "file";
  readonly target: string;
  readonly data: Uint8Array;
  /** 0644 unless given. */
  readonly mode?: number;
}

/** `RUN --mount`, with its words expanded and its sources found. A relative target is below the working directory. */
export type RunMount = BindRunMount | CacheRunMount | TmpfsRunMount | SecretRunMount | SshRunMount | FileRunMount;

export interface StepLimits {
  /** Bytes; swap included in `memorySwap`. */
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly cpuShares?: number;
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  /** Bytes of /dev/shm; 64 MiB unless given. */
  readonly shmSize?: number;
  readonly ulimits?: readonly Ulimit[];
  readonly cgroupParent?: string;
}

/** One RUN, everything expanded. */
export interface Step {
  /** Unique among the steps of a data root; of [a-zA-Z0-9_-]. */
  readonly id: string;
  /** A writable overlay that the caller has mounted, and unmounts. */
  readonly rootfs: string;
  readonly args: readonly string[];
  /** "NAME=value"; PATH and HOME are added where they are missing. */
  readonly env: readonly string[];
  /** Made where it is missing. "/" unless given. */
  readonly cwd?: string;
  /** As USER has it; looked up in the root. */
  readonly user?: string;
  readonly mounts?: readonly RunMount[];
  readonly network: "default" | "none" | "host";
  /** --add-host: "name:address". */
  readonly hosts?: readonly string[];
  readonly hostname?: string;
  readonly limits?: StepLimits;
  /** "insecure" has a privileged container's rights: the caller has seen that this is allowed. */
  readonly security?: "sandbox" | "insecure";
  /** What the process reads; without it, stdin is at its end. */
  readonly stdin?: Uint8Array;
  /** Bytes as they come. While a promise is pending the process is not read further. */
  onOutput(stream: 1 | 2, chunk: Buffer): void | Promise<void>;
  /** Ends the step at once. */
  readonly signal: AbortSignal;
}

export interface StepEnd {
  readonly exitCode: number;
  readonly oomKilled: boolean;
}

/** The client's terminal, for a shell in a step's state. */
export interface ShellTerminal {
  readonly input: AsyncIterable<Uint8Array>;
  output(chunk: Buffer): void | Promise<void>;
  /** Calls back for each new size until the function that it returns is called. */
  onResize(listener: (size: { height: number; width: number }) => void): () => void;
}

export type ShellStep = Omit<Step, "onOutput" | "stdin" | "args"> & {
  /** The shell; that of the root unless given. */
  readonly args?: readonly string[];
  readonly terminal: ShellTerminal;
};
