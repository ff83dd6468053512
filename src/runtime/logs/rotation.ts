import { renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createFirstChange } from "../../system/index.ts";
import { reopenLog } from "../monitor/control.ts";
import type { LogFileOptions, RunningHandle } from "../runtime.ts";
import { logFiles } from "./log-files.ts";
import { strikeRest } from "./strike-rest.ts";

/** Milliseconds between two looks at a log that is written: at least, and at most. */
const fastest = 10;
const slowest = 1000;
/** Milliseconds without a write after which a log rests. */
const quiet = 2000;
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
  /** When that was its size, and since when. */
  seen: number;
  since: number;
  /** When conmon was asked to reopen the log, which it has not yet done: it still writes to the renamed file. */
  asked: number | undefined;
}

/**
 * Looks at the size of each log that is being written, the more often the faster it grows; the kernel says when one that
 * rests is written again. A log exceeds its limit by what is written between two looks; no line is lost.
 */
export function createRotation(): Rotation {
  const active = new Map<string, Watched>();
  const resting = new Map<string, Watched>();
  const changes = createFirstChange();
  let timer: NodeJS.Timeout | undefined;
  let due = Number.POSITIVE_INFINITY;

  const lookSoon = (wait: number) => {
    const at = Date.now() + Math.max(wait, fastest);
    if (at >= due) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(look, at - Date.now()).unref();
  };
  const look = () => {
    due = Number.POSITIVE_INFINITY;
    for (const [id, entry] of active) {
      const wait = lookAt(entry);
      if (!mayRest(entry) || !rest(id, entry)) lookSoon(wait);
    }
  };
  const rest = (id: string, entry: Watched): boolean => {
    const wake = () => {
      if (resting.get(id) !== entry) return;
      resting.delete(id);
      activate(id, entry);
    };
    if (!changes.watch(entry.log.path, wake)) return false;
    active.delete(id);
    resting.set(id, entry);
    // It may have been written just before it was watched.
    if (sizeOf(entry) !== entry.size) wake();
    return true;
  };
  const activate = (id: string, entry: Watched) => {
    entry.since = entry.seen = Date.now();
    active.set(id, entry);
    lookSoon(fastest);
  };
  const remove = (id: string) => {
    active.delete(id);
    resting.delete(id);
  };

  return {
    add({ id, bundle, log }) {
      if (log?.maxSize === undefined || log.maxSize <= 0) return;
      remove(id);
      const limited = { ...log, maxSize: log.maxSize };
      activate(id, { folder: bundle, log: limited, size: 0, seen: 0, since: 0, asked: undefined });
    },
    remove: ({ id }) => remove(id),
    close() {
      clearTimeout(timer);
      active.clear();
      resting.clear();
      changes.close();
    },
  };
}

const sizeOf = (entry: Watched) => statSync(entry.log.path, { throwIfNoEntry: false })?.size;

const mayRest = (entry: Watched) => entry.asked === undefined && Date.now() - entry.since > quiet;

/** Rotates where it is time to. Returns in how many milliseconds to look again. */
function lookAt(entry: Watched): number {
  const size = sizeOf(entry);
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

/** By how it grew since the last look; no more than twice the time of that, because it may grow faster now. */
function timeUntilFull(entry: Watched, size: number): number {
  const now = Date.now();
  const passed = Math.max(fastest, now - entry.seen);
  const rate = (size - entry.size) / passed;
  if (size !== entry.size) entry.since = now;
  entry.size = size;
  entry.seen = now;
  const left = rate > 0 ? (entry.log.maxSize - size) / rate : slowest;
  return Math.min(left, passed * 2, slowest);
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
  entry.seen = Date.now();
  if ((entry.log.maxFile ?? 1) <= 1) drop(`${entry.log.path}.1`, entry.log.path);
}

/** Moves each file one number up, from the oldest on, and drops those beyond the limit. */
export function shiftFiles(log: LogFileOptions): void {
  const keep = Math.max(1, log.maxFile ?? 1) - 1;
  const files = logFiles(log.path);
  for (const [index, file] of files.entries()) {
    const number = file === log.path ? 0 : Number(file.slice(log.path.length + 1));
    const target = join(dirname(log.path), `${basename(log.path)}.${number + 1}`);
    if (number >= keep && number > 0) drop(file, files[index + 1] ?? log.path);
    else renameSync(file, target);
  }
}

/** The log then begins with the file after it. */
function drop(file: string, next: string): void {
  strikeRest(file, next);
  rmSync(file, { force: true });
}
