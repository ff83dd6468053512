import { spawn } from "node:child_process";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { BerthError } from "../lib/index.ts";
import { declare, lastErrno, SyscallError } from "./ffi.ts";

const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const ESRCH = 3;
/**
 * No process has the pid. Where the number lives on as a process group's or session's, or is a thread's, kernels say EINVAL
 * (6.1) or ENOENT (6.18).
 */
const NO_PROCESS: readonly number[] = [ESRCH, 22, 2];

const syscallPidfdOpen = declare("long syscall(long number, int pid, unsigned int flags)");
const syscallPidfdSend = declare("long syscall(long number, int pidfd, int signal, void *info, unsigned int flags)");
const libcClose = declare("int close(int fd)");

/** Where programs of the host are looked for; the environment's PATH has no say. */
export const PROGRAM_DIRS: readonly string[] = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
];

/** The absolute path of a program of the host, or undefined. An absolute name is only checked. Ask once, at start-up. */
export function findProgram(name: string, dirs: readonly string[] = PROGRAM_DIRS): string | undefined {
  const candidates = name.includes("/") ? [name] : dirs.map((dir) => join(dir, name));
  return candidates.find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path.startsWith("/") && statSync(path).isFile();
  } catch {
    return false;
  }
}

export interface RunOptions {
  input?: string | Buffer;
  /** The whole environment of the program; unless given, PATH alone. */
  env?: Record<string, string>;
  cwd?: string;
  /** After this many milliseconds the program is killed and the promise rejects with "timeout". */
  timeoutMs?: number;
  /** Bytes kept of each of stdout and stderr, 1 MiB unless given; what follows is read and dropped. */
  outputLimit?: number;
}

export interface RunResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: Buffer;
  /** Whether output was dropped. */
  truncated: boolean;
}

/** Collects up to `limit` bytes; the rest is counted and dropped, so that the writer never blocks. */
function collector(limit: number) {
  const chunks: Buffer[] = [];
  let kept = 0;
  let truncated = false;
  return {
    add(chunk: Buffer): void {
      const part = chunk.subarray(0, limit - kept);
      if (part.length < chunk.length) truncated = true;
      if (part.length === 0) return;
      chunks.push(part);
      kept += part.length;
    },
    take: () => ({ bytes: Buffer.concat(chunks, kept), truncated }),
  };
}

/**
 * Runs a program to its end, without a shell, and resolves with its status whatever that is. `program` is an absolute
 * path. Rejects with "not-found" where it cannot be started and "timeout" where it took too long.
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  if (!program.startsWith("/")) return Promise.reject(new BerthError("internal", `not an absolute path: ${program}`));
  const limit = options.outputLimit ?? 1024 * 1024;
  const stdout = collector(limit);
  const stderr = collector(limit);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      env: options.env ?? { PATH: PROGRAM_DIRS.join(":") },
      cwd: options.cwd ?? "/",
    });
    let timedOut = false;
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            child.kill("SIGKILL");
            // A grandchild may hold the pipes open: stop reading, so that "close" comes.
            child.stdout?.destroy();
            child.stderr?.destroy();
          }, options.timeoutMs);
    child.stdout?.on("data", (chunk: Buffer) => stdout.add(chunk));
    child.stderr?.on("data", (chunk: Buffer) => stderr.add(chunk));
    child.stdin?.on("error", () => {}); // the program may end without reading all of its input
    child.stdin?.end(options.input);
    child.on("error", (cause) => {
      clearTimeout(timer);
      reject(new BerthError("not-found", `cannot run ${program}`, { cause }));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (timedOut) return reject(new BerthError("timeout", `${program} took longer than ${options.timeoutMs} ms`));
      const [out, err] = [stdout.take(), stderr.take()];
      resolve({ code, signal, stdout: out.bytes, stderr: err.bytes, truncated: out.truncated || err.truncated });
    });
  });
}

interface ProcessStat {
  state: string;
  parent: number;
  start: number;
}

/** The fields of /proc/PID/stat that matter; the command's name, which the process chooses, may hold anything. */
export function parseProcessStat(content: string): ProcessStat | undefined {
  const fields = content.slice(content.lastIndexOf(")") + 2).split(" ");
  const start = Number(fields[19]);
  if (fields[0] === undefined || !Number.isSafeInteger(start)) return undefined;
  return { state: fields[0], parent: Number(fields[1]), start };
}

function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return undefined;
  }
}

/** When the process started, in clock ticks since boot: with the pid it names a process for good. undefined: no such process. */
export function pidStartTime(pid: number): number | undefined {
  return readStat(pid)?.start;
}

/** Whether that very process still runs. A zombie does not. */
export function isAlive(pid: number, startTime: number): boolean {
  const stat = readStat(pid);
  return stat !== undefined && stat.start === startTime && stat.state !== "Z" && stat.state !== "X";
}

/** A pidfd (readable when the process has ended) of that very process, or undefined where it is gone. The caller closes it. */
export function openPidfd(pid: number, startTime: number): number | undefined {
  const fd = syscallPidfdOpen(SYS_pidfd_open, pid, 0);
  if (fd < 0) {
    if (NO_PROCESS.includes(lastErrno())) return undefined;
    throw new SyscallError("pidfd_open", lastErrno(), `pid ${pid}`);
  }
  // Opened first, compared second: the descriptor cannot change its process any more.
  if (pidStartTime(pid) === startTime) return fd;
  libcClose(fd);
  return undefined;
}

/** Sends a signal to that very process; a later process with the same pid is never hit. False where it is gone. */
export function sendSignal(pid: number, startTime: number, signal: number): boolean {
  const fd = openPidfd(pid, startTime);
  if (fd === undefined) return false;
  try {
    if (syscallPidfdSend(SYS_pidfd_send_signal, fd, signal, null, 0) === 0) return true;
    if (lastErrno() === ESRCH) return false;
    throw new SyscallError("pidfd_send_signal", lastErrno(), `pid ${pid}`);
  } finally {
    libcClose(fd);
  }
}
