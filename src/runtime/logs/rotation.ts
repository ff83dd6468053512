import { renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { reopenLog } from "../monitor/control.ts";
import type { LogFileOptions, RunningHandle } from "../runtime.ts";
import { logFiles } from "./log-files.ts";

/** Milliseconds between two looks: at a log that is not written, and at one that will be full at once. */
const slowest = 1000;
const fastest = 10;
/** Milliseconds after which conmon, asked to reopen a log, would have done so. */
const lost = 2000;

/** Keeps the logs of running containers short. When the daemon is down they grow. */
export interface Rotation {
  add(handle: RunningHandle): void;
  remove(handle: RunningHandle): void;
  close(): void;
}

interface Watched {
  folder: string;
  log: LogFileOptions & { maxSize: number };
  size: number;
  /** When that was its size. */
  seen: number;
  /** When conmon was asked to reopen the log, which it has not yet done: it still writes to the renamed file. */
  asked: number | undefined;
}

/**
 * Looks at the size of each log once a second, and more often while one grows so fast that it will be full before. A log
 * exceeds its limit by what is written in between; no line is lost; a log that is not written costs next to nothing.
 */
export function createRotation(): Rotation {
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;
  const tick = () => {
    let wait = slowest;
    for (const entry of watched.values()) wait = Math.min(wait, lookAt(entry));
    timer = watched.size === 0 ? undefined : setTimeout(tick, Math.max(wait, fastest)).unref();
  };
  return {
    add(handle) {
      const { log } = handle;
      if (log?.maxSize === undefined || log.maxSize <= 0) return;
      const limited = { ...log, maxSize: log.maxSize };
      watched.set(handle.id, { folder: handle.bundle, log: limited, size: 0, seen: Date.now(), asked: undefined });
      timer ??= setTimeout(tick, fastest * 10).unref();
    },
    remove(handle) {
      watched.delete(handle.id);
    },
    close() {
      clearTimeout(timer);
      timer = undefined;
      watched.clear();
    },
  };
}

/** Rotates where it is time to. Returns in how many milliseconds to look again. */
function lookAt(entry: Watched): number {
  const size = statSync(entry.log.path, { throwIfNoEntry: false })?.size;
  if (size === undefined) {
    awaitReopening(entry);
    return fastest;
  }
  if (entry.asked !== undefined) finishRotation(entry);
  const wait = timeUntilFull(entry, size);
  if (size < entry.log.maxSize) return wait;
  try {
    shiftFiles(entry.log);
    reopen(entry);
    return fastest;
  } catch {
    return slowest; // a full or broken disk: the next look tries again
  }
}

/** By how it grew since the last look. */
function timeUntilFull(entry: Watched, size: number): number {
  const now = Date.now();
  const rate = (size - entry.size) / Math.max(1, now - entry.seen);
  entry.size = size;
  entry.seen = now;
  return rate > 0 ? (entry.log.maxSize - size) / rate : slowest;
}

/**
 * There is no current file. Asked a second time, conmon would replace the file that it began on the first, and its lines
 * with it; so it is asked again only when the first asking must have got lost (the daemon died before it, say).
 */
function awaitReopening(entry: Watched): void {
  const now = Date.now();
  entry.asked ??= now;
  if (now - entry.asked < lost) return;
  entry.asked = now;
  reopen(entry);
}

function reopen(entry: Watched): void {
  entry.asked = Date.now();
  reopenLog(entry.folder).catch(() => {}); // it is seen by the file that does not appear
}

/** conmon writes to the new file now. */
function finishRotation(entry: Watched): void {
  entry.asked = undefined;
  entry.size = 0;
  if ((entry.log.maxFile ?? 1) <= 1) rmSync(`${entry.log.path}.1`, { force: true });
}

/** Moves each file one number up, from the oldest on, and drops those beyond the limit. */
export function shiftFiles(log: LogFileOptions): void {
  const keep = Math.max(1, log.maxFile ?? 1) - 1;
  for (const file of logFiles(log.path)) {
    const number = file === log.path ? 0 : Number(file.slice(log.path.length + 1));
    const target = join(dirname(log.path), `${basename(log.path)}.${number + 1}`);
    if (number >= keep && number > 0) rmSync(file, { force: true });
    else renameSync(file, target);
  }
}
