import { readFileSync } from "node:fs";

export interface CpuTime {
  /** Nanoseconds that all processors together have spent, idle or not, since boot. */
  total: number;
  /** Processors that are online. */
  online: number;
}

/** What a clock tick of /proc is, on every architecture that Linux has. */
export const TICK_NANOSECONDS = 1e7;

/** Parses /proc/stat, by Docker's sum: user, nice, system, idle, iowait, irq and softirq. */
export function parseCpuTime(text: string): CpuTime {
  const [, ...fields] = (/^cpu .*$/m.exec(text)?.[0] ?? "").split(/\s+/);
  const ticks = fields.slice(0, 7).reduce((sum, field) => sum + Number(field), 0);
  return { total: ticks * TICK_NANOSECONDS, online: text.match(/^cpu\d/gm)?.length ?? 0 };
}

export const readCpuTime = (): CpuTime => parseCpuTime(readFileSync("/proc/stat", "latin1"));
