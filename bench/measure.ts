import { readdirSync, readFileSync } from "node:fs";
import type { Contender } from "./contender.ts";

/** One line of the result. */
export interface Figure {
  row: string;
  unit: "ms" | "MB" | "MB/s";
  /** Medians by contender; for I/O by where it was done. */
  medians: Record<string, number>;
  /** Smallest and largest. */
  spread: Record<string, [number, number]>;
  rounds: number;
}

export const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
};

/** Runs `once` on every contender in turn, `rounds` times, so that a noisy minute hits them alike. */
export async function alternate(
  row: string,
  contenders: Contender[],
  rounds: number,
  once: (on: Contender, round: number) => Promise<number>,
): Promise<Figure> {
  const samples = new Map<string, number[]>(contenders.map((on) => [on.name, []]));
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const on of order) samples.get(on.name)?.push(await once(on, round));
  }
  return figure(row, "ms", samples);
}

export function figure(row: string, unit: Figure["unit"], samples: ReadonlyMap<string, number[]>): Figure {
  const entries = [...samples].filter(([, values]) => values.length > 0);
  return {
    row,
    unit,
    medians: Object.fromEntries(entries.map(([name, values]) => [name, median(values)])),
    spread: Object.fromEntries(entries.map(([name, values]) => [name, [Math.min(...values), Math.max(...values)]])),
    rounds: Math.max(0, ...entries.map(([, values]) => values.length)),
  };
}

/** Proportional set size in MB: shared pages are counted once over all who share them. */
export function pss(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0) / 1000;
  } catch {
    return 0; // it ended meanwhile
  }
}

/** Resident set size in MB. */
export function rss(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

/** Pids of processes of this name. */
export function pidsNamed(name: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter(Number.isSafeInteger)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === name;
      } catch {
        return false;
      }
    });
}

/** MB of memory that the machine has in use, caches apart. */
export function machineMemory(): number {
  const text = readFileSync("/proc/meminfo", "utf8");
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0) / 1000;
  return field("MemTotal") - field("MemAvailable");
}
