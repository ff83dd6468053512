import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ReadLogsOptions } from "./options.ts";

/** Milliseconds. Polling where the kernel has no watches left, and in case that it forgets one. */
const pollInterval = 500;
const slowInterval = 2000;
/** While changes gather: a process that writes line by line costs one turn for many of them. */
const gatherTime = 10;
const longestTimer = 2 ** 31 - 1;

/** Why following is over: the process has ended, the time of `until` has come, or nobody reads any more. */
export type LogEnd = "finished" | "until" | "aborted";

/** Waits for something to happen to a log that is followed. */
export interface LogWatch {
  /** Resolves after a change since the last call, or after a while without; at once when it is over. */
  changed(): Promise<void>;
  end(): LogEnd | undefined;
  close(): void;
}

export function watchLog(options: Pick<ReadLogsOptions, "path" | "ended" | "until">, signal: AbortSignal): LogWatch {
  let dirty = false;
  let end: LogEnd | undefined;
  let wake: (() => void) | undefined;
  const notice = () => {
    dirty = true;
    wake?.();
  };
  const finish = (reason: LogEnd) => {
    end ??= reason;
    notice();
  };
  const onAbort = () => finish("aborted");
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  options.ended?.then(
    () => finish("finished"),
    () => finish("finished"),
  );
  const timer = untilTimer(options.until, () => finish("until"));
  const watcher = startWatcher(dirname(options.path), notice);
  const interval = watcher === undefined ? pollInterval : slowInterval;
  return {
    async changed() {
      if (!dirty)
        await new Promise<void>((resolve) => {
          const patience = setTimeout(resolve, interval);
          wake = () => {
            clearTimeout(patience);
            resolve();
          };
        });
      wake = undefined;
      if (end === undefined) await delay(gatherTime);
      dirty = false;
    },
    end: () => end,
    close() {
      signal.removeEventListener("abort", onAbort);
      clearTimeout(timer);
      watcher?.close();
    },
  };
}

function untilTimer(until: bigint | undefined, call: () => void): NodeJS.Timeout | undefined {
  if (until === undefined) return undefined;
  const wait = Math.max(0, Number(until / 1_000_000n) - Date.now());
  return wait > longestTimer ? undefined : setTimeout(call, wait).unref();
}

function startWatcher(folder: string, notice: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, notice);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined; // no watches left, or no such folder
  }
}
