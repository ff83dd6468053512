import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../lib/index.ts";
import { cgroupView, type ExitWatch, killCgroup, sendSignal, watchExit } from "../../system/index.ts";
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
  const known = new Map<string, { watch: ExitWatch; info: Promise<ExitInfo> }>();
  const keyOf = (handle: RunningHandle) => `${handle.id} ${handle.monitorPid} ${handle.monitorStart}`;
  return {
    onExit(handle) {
      const key = keyOf(handle);
      const existing = known.get(key);
      if (existing !== undefined) return existing.info;
      const watch = watchExit(handle.monitorPid, handle.monitorStart);
      const info = watch.ended.then(() => settle(context, handle));
      known.set(key, { watch, info });
      return info;
    },
    forget(handle) {
      known.get(keyOf(handle))?.watch.close();
      known.delete(keyOf(handle));
    },
    close() {
      for (const { watch } of known.values()) watch.close();
      known.clear();
    },
  };
}

/** The monitor has ended: with an exit file, because the container had; without one, it was killed. */
async function settle(context: DriverContext, handle: RunningHandle): Promise<ExitInfo> {
  const exit = readExit(handle);
  // Read now: the counters go when the cgroup goes.
  const oomKilled = wasOomKilled(context, handle);
  // In a pid namespace everything ends with its first process; elsewhere children live on, and are the container's still.
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
