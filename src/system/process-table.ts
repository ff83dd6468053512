import { readFileSync } from "node:fs";
import { readOptional } from "./cgroup/index.ts";
import { TICK_NANOSECONDS } from "./cpu-time.ts";

/** One process as `ps -ef` tells of it. */
export interface ProcessRow {
  pid: number;
  parent: number;
  uid: number;
  /** Milliseconds since 1970. */
  started: number;
  /** "pts/0", "tty1", or "?" for none. */
  terminal: string;
  /** Milliseconds of processor time. */
  cpuTime: number;
  command: string;
}

const TICK = TICK_NANOSECONDS / 1e6;
const COMMAND_LIMIT = 4096;

/** Reads these processes from /proc; one that has gone is left out. */
export function readProcesses(pids: readonly number[]): ProcessRow[] {
  const boot = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "latin1"))?.[1] ?? 0) * 1000;
  return [...pids].sort((a, b) => a - b).flatMap((pid) => readProcess(pid, boot) ?? []);
}

function readProcess(pid: number, boot: number): ProcessRow | undefined {
  const stat = gone(() => readOptional(`/proc/${pid}/stat`));
  const status = gone(() => readOptional(`/proc/${pid}/status`));
  if (stat === undefined || status === undefined) return undefined;
  const end = stat.lastIndexOf(")");
  const fields = stat.slice(end + 2).split(" ");
  const field = (index: number) => Number(fields[index] ?? 0);
  const words = (gone(() => readOptional(`/proc/${pid}/cmdline`)) ?? "").slice(0, COMMAND_LIMIT);
  return {
    pid,
    parent: field(1),
    uid: Number(/^Uid:\t\d+\t(\d+)/m.exec(status)?.[1] ?? 0),
    started: boot + field(19) * TICK,
    terminal: terminalName(field(4)),
    cpuTime: (field(11) + field(12)) * TICK,
    command: words.replace(/\0+$/, "").replaceAll("\0", " ") || `[${stat.slice(stat.indexOf("(") + 1, end)}]`,
  };
}

/** A process that ends while it is read fails with ESRCH. */
function gone(read: () => string | undefined): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Of tty_nr in proc(5): minor in bits 0–7 and 20–31, major in 8–15. */
export function terminalName(number: number): string {
  const major = (number >> 8) & 0xff;
  const minor = (number & 0xff) | ((number >>> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  if (major === 4) return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
  return "?";
}
