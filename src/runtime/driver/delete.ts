import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { withTimeout } from "../../lib/index.ts";
import { codeOf, isAlive, killCgroup, pidStartTime, removeCgroup, sendSignal } from "../../system/index.ts";
import { monitorFiles } from "../monitor/arguments.ts";
import type { NamedRuntime } from "../monitor/program.ts";
import type { Remnant, RunningHandle } from "../runtime.ts";
import { type DriverContext, runtimeCommand, stateFolder } from "./context.ts";
import { type Exits, endAll } from "./exit.ts";

const SIGKILL = 9;
/** A monitor whose container has ended needs milliseconds to write that down. */
const patience = 10_000;

/** Ends and removes a container; see Runtime.delete. */
export async function deleteContainer(context: DriverContext, exits: Exits, handle: RunningHandle): Promise<void> {
  // Through the cgroup, because a paused process takes no signal.
  if (isAlive(handle.pid, handle.pidStart)) await endAll(context, handle);
  const ended = exits.onExit(handle).then(() => true);
  if (!(await withTimeout(ended, patience, () => false))) {
    sendSignal(handle.monitorPid, handle.monitorStart, SIGKILL);
    await ended;
  }
  await removeRemains(context, handle);
  exits.forget(handle);
}

/** The same where only names are known: monitors are found by their arguments. */
export async function cleanUpContainer(context: DriverContext, remnant: Remnant): Promise<void> {
  // Monitors first: one that still makes the container would make it after everything else is gone.
  for (const pid of monitorsOf(remnant.bundle)) {
    const start = pidStartTime(pid);
    if (start !== undefined) sendSignal(pid, start, SIGKILL);
  }
  await killCgroup(context.cgroups, remnant.cgroupPath);
  await removeRemains(context, remnant);
}

function monitorsOf(bundle: string): number[] {
  const pids = readdirSync("/proc").map(Number).filter(Number.isSafeInteger);
  return pids.filter((pid) => {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0");
      return args.includes("--persist-dir") && isWithin(args[args.indexOf("--bundle") + 1] ?? "", bundle);
    } catch {
      return false; // it has ended meanwhile
    }
  });
}

const isWithin = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

async function removeRemains(context: DriverContext, remnant: Remnant): Promise<void> {
  await removeCgroup(context.cgroups, remnant.cgroupPath);
  // Where it is not known which runtime was at work, any may have left something.
  const names = remnant.runtime === undefined ? context.names : [remnant.runtime];
  for (const name of names) await removeState(context, context.runtime(name), remnant.id);
  for (const name of Object.values(monitorFiles)) rmSync(join(remnant.bundle, name), { force: true });
  rmSync(join(remnant.bundle, "exec"), { recursive: true, force: true });
}

/**
 * crun and runc keep plain files in one folder, and with processes and cgroup gone that folder is all that their `delete`
 * would remove. Anything else in it, or another runtime, is left to the command itself.
 */
async function removeState(context: DriverContext, runtime: NamedRuntime, id: string): Promise<void> {
  const folder = stateFolder(runtime, { id });
  if (!existsSync(folder)) return;
  if ((await context.kind(runtime)) !== "other" && removeFlatFolder(folder)) return;
  await runtimeCommand(runtime, ["delete", "--force", id]);
}

/** True where the folder is gone. */
function removeFlatFolder(folder: string): boolean {
  try {
    for (const name of readdirSync(folder)) unlinkSync(join(folder, name));
    rmdirSync(folder);
    return true;
  } catch (error) {
    return codeOf(error) === "ENOENT";
  }
}
