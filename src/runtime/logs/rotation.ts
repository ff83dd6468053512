import { readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../../system/index.ts";
import { reopenLog } from "../monitor/control.ts";
import type { LogFileOptions, RunningHandle } from "../runtime.ts";

const slow = 1000;
const fast = 100;
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
  /** When conmon was asked to reopen the log, which it has not yet done: it still writes to the renamed file. */
  asked: number | undefined;
}

/**
 * Looks at the size of each log once a second, and ten times while one grows so fast that it matters: a log exceeds its
 * limit by what is written in between, never loses a line, and costs nothing while it is not written.
 */
export function createRotation(): Rotation {
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;
  const tick = () => {
    let hurry = false;
    for (const entry of watched.values()) if (lookAt(entry)) hurry = true;
    timer = watched.size === 0 ? undefined : setTimeout(tick, hurry ? fast : slow).unref();
  };
  return {
    add(handle) {
      const { log } = handle;
      if (log?.maxSize === undefined || log.maxSize <= 0) return;
      const entry = { folder: handle.bundle, log: { ...log, maxSize: log.maxSize }, size: 0, asked: undefined };
      watched.set(handle.id, entry);
      timer ??= setTimeout(tick, fast).unref();
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

/** Rotates where it is time to; true where the log grows fast enough to be looked at again soon. */
function lookAt(entry: Watched): boolean {
  const size = statSync(entry.log.path, { throwIfNoEntry: false })?.size;
  if (size === undefined) {
    awaitReopening(entry);
    return true;
  }
  if (entry.asked !== undefined) finishRotation(entry);
  const grown = Math.max(0, size - entry.size);
  entry.size = size;
  if (size < entry.log.maxSize) return size + grown * 2 > entry.log.maxSize;
  try {
    shiftFiles(entry.log);
    entry.size = 0;
    reopen(entry);
  } catch {
    return false; // a full or broken disk: the next tick tries again
  }
  return true;
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

/** Files of a log in the order of their writing, the current one last. Numbers may have gaps. */
export function logFiles(path: string): string[] {
  const prefix = `${basename(path)}.`;
  const numbers = namesIn(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d{0,5}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)));
  return [...numbers.sort((a, b) => b - a).map((number) => `${path}.${number}`), path];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
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
