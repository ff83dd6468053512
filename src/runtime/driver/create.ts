import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BerthError, withTimeout } from "../../lib/index.ts";
import { killCgroup, pidStartTime, reap, removeCgroup, watchExit } from "../../system/index.ts";
import { translateFailure } from "../failures/translate.ts";
import { mendLog } from "../logs/mend-log.ts";
import { containerArguments, monitorFiles, stdinMode } from "../monitor/arguments.ts";
import type { NamedRuntime } from "../monitor/program.ts";
import { type Monitor, spawnMonitor } from "../monitor/spawn.ts";
import type { CreateOptions, RunningHandle } from "../runtime.ts";
import { type OciSpec, specText } from "../spec/index.ts";
import { type DriverContext, stateFolder } from "./context.ts";

/** A runtime that makes no container in this time never will. */
const patience = 120_000;

/** Makes a container: monitor, runtime, process that waits to be started. */
export async function createContainer(context: DriverContext, options: CreateOptions): Promise<RunningHandle> {
  const runtime = context.runtime(options.runtime ?? context.defaultName);
  // What a former run left under the same names must not be taken for this one's.
  for (const name of [monitorFiles.exit, monitorFiles.oom]) rmSync(join(options.bundle, name), { force: true });
  if (options.log !== undefined) mendLog(options.log.path);
  mkdirSync(context.temporary, { recursive: true, mode: 0o700 });
  mkdirSync(runtime.stateRoot, { recursive: true, mode: 0o700 });
  if (options.spec !== undefined) await writeSpec(context, runtime, options.bundle, options.spec);
  const args = containerArguments(options, await context.quick(runtime));
  const letCool = context.keepWarm();
  try {
    const monitor = await spawnMonitor({
      program: context.conmon,
      args,
      folder: options.bundle,
      temporary: context.temporary,
      handshake: false,
    });
    return await made(context, runtime, options, monitor);
  } finally {
    letCool();
  }
}

async function made(
  context: DriverContext,
  runtime: NamedRuntime,
  options: CreateOptions,
  monitor: Monitor,
): Promise<RunningHandle> {
  try {
    const pid = await createdPid(monitor, runtime, options);
    if (options.spec !== undefined && (await context.kind(runtime)) === "crun")
      context.filters.learn(options.spec, stateFolder(runtime, options));
    return handleOf(options, runtime, monitor, pid);
  } catch (error) {
    monitor.kill();
    void watchExit(monitor.pid, monitor.start).ended.then(() => reap(monitor.pid));
    await removeTraces(context, runtime, options);
    throw error;
  } finally {
    monitor.release();
  }
}

async function writeSpec(context: DriverContext, runtime: NamedRuntime, bundle: string, spec: OciSpec): Promise<void> {
  const whole = (await context.kind(runtime)) === "crun" ? context.filters.addTo(spec) : spec;
  writeFileSync(join(bundle, "config.json"), specText(whole), { mode: 0o600 });
}

async function createdPid(monitor: Monitor, runtime: NamedRuntime, options: CreateOptions): Promise<number> {
  const message = await withTimeout(monitor.sync.next(), patience);
  if (message === undefined) throw new BerthError("internal", "the container's monitor (conmon) ended unexpectedly");
  if (message.data > 0) return message.data;
  throw translateFailure(
    { verb: "create", runtime: runtime.name, command: options.command },
    message.message ?? "the runtime gave no reason",
  );
}

function handleOf(options: CreateOptions, runtime: NamedRuntime, monitor: Monitor, pid: number): RunningHandle {
  return {
    id: options.id,
    runtime: runtime.name,
    pid,
    pidStart: pidStartTime(pid) ?? 0,
    monitorPid: monitor.pid,
    monitorStart: monitor.start,
    bundle: options.bundle,
    cgroupPath: options.cgroupPath,
    terminal: options.terminal,
    stdin: stdinMode(options),
    sharedPids: !isInit(pid),
    ...(options.log === undefined ? {} : { log: options.log }),
  };
}

/** Whether the process is the first one of a pid namespace; everything in that ends with it. */
function isInit(pid: number): boolean {
  try {
    return /^NSpid:.*\t1$/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return true; // it has ended
  }
}

/** A runtime that fails may leave its state folder and its cgroup, even a process in it. */
async function removeTraces(context: DriverContext, runtime: NamedRuntime, options: CreateOptions): Promise<void> {
  await killCgroup(context.cgroups, options.cgroupPath).catch(() => {});
  await removeCgroup(context.cgroups, options.cgroupPath).catch(() => {});
  rmSync(stateFolder(runtime, options), { recursive: true, force: true });
  for (const name of Object.values(monitorFiles)) rmSync(join(options.bundle, name), { force: true });
}
