import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../lib/index.ts";
import { cgroupView, type ExitWatch, killCgroup, reap, sendSignal, watchExit } from "../../system/index.ts";
import { monitorFiles } from "../monitor/arguments.ts";
import type { ExitInfo, RunningHandle } from "../runtime.ts";
import type { DriverContext } from "./context.ts";

const SIGKILL = 9;
const killedCode = 128 + SIGKILL;

/** The ends of containers: one kernel watch for each that runs. */
export interface Exits {
  onExit(handle: RunningHandle): Promise<ExitInfo>;
  /** Forgets a container that was deleted. */
  forget(handle: RunningHandle): void;
  close(): void;
}

export function createExits(context: DriverContext): Exits {
  const known = new Map<string, { watches: ExitWatch[]; info: Promise<ExitInfo> }>();
  const keyOf = (handle: RunningHandle) => `${handle.id} ${handle.monitorPid} ${handle.monitorStart}`;
  return {
    onExit(handle) {
      const key = keyOf(handle);
      const existing = known.get(key);
      if (existing !== undefined) return existing.info;
      const monitor = watchExit(handle.monitorPid, handle.monitorStart);
      const info = monitor.ended.then(() => settle(context, handle));
      known.set(key, { watches: [monitor, ...watchInit(context, handle)], info });
      return info;
    },
    forget(handle) {
      for (const watch of known.get(keyOf(handle))?.watches ?? []) watch.close();
      known.delete(keyOf(handle));
    },
    close() {
      for (const { watches } of known.values()) for (const watch of watches) watch.close();
      known.clear();
    },
  };
}

/**
 * Where processes can outlive the first one they are killed as soon as that has ended: a monitor whose pipes are still
 * written to would not end by itself.
 */
function watchInit(context: DriverContext, handle: RunningHandle): ExitWatch[] {
  if (!handle.sharedPids) return [];
  const init = watchExit(handle.pid, handle.pidStart);
  void init.ended.then(() => endAll(context, handle));
  return [init];
}

/** The monitor has ended: with an exit file, because the container had; without one, it was killed. */
async function settle(context: DriverContext, handle: RunningHandle): Promise<ExitInfo> {
  reap(handle.monitorPid);
  const exit = readExit(handle);
  // Read now: the counters go when the cgroup goes.
  const oomKilled = wasOomKilled(context, handle);
  // After a monitor that was killed the container still runs.
  const trouble = await endAll(context, handle);
  if (exit !== undefined) return { ...exit, oomKilled };
  return {
    exitCode: killedCode,
    finishedAt: new Date(),
    oomKilled,
    error: ["the container's monitor (conmon) was killed, so the container was stopped", ...trouble].join("; "),
  };
}

/** Kills what is left of the container; returns what went wrong in doing so. */
export async function endAll(context: DriverContext, handle: RunningHandle): Promise<string[]> {
  try {
    sendSignal(handle.pid, handle.pidStart, SIGKILL);
    await killCgroup(context.cgroups, handle.cgroupPath);
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

function readExit(handle: RunningHandle): { exitCode: number; finishedAt: Date } | undefined {
  const path = join(handle.bundle, monitorFiles.exit);
  try {
    const exitCode = Number.parseInt(readFileSync(path, "latin1"), 10);
    return Number.isNaN(exitCode) ? undefined : { exitCode, finishedAt: statSync(path).mtime };
  } catch {
    return undefined;
  }
}

/** conmon's own file, or the kernel's counter: an end by memory may come before conmon has looked at it. */
function wasOomKilled(context: DriverContext, handle: RunningHandle): boolean {
  if (statSync(join(handle.bundle, monitorFiles.oom), { throwIfNoEntry: false }) !== undefined) return true;
  try {
    return (cgroupView(context.cgroups, handle.cgroupPath).memory()?.oomKills ?? 0) > 0;
  } catch {
    return false;
  }
}
