import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BerthError } from "../../lib/index.ts";
import { cgroupView, killTree, pidStartTime, reap, watchExit } from "../../system/index.ts";
import { connectHub, type Hub } from "../attach/hub.ts";
import { stdinReaders } from "../attach/stdin-pipe.ts";
import { translateFailure } from "../failures/translate.ts";
import { execArguments, monitorFiles, stdinMode } from "../monitor/arguments.ts";
import { setWindowSize } from "../monitor/control.ts";
import type { NamedRuntime } from "../monitor/program.ts";
import { type Monitor, spawnMonitor } from "../monitor/spawn.ts";
import type { Attachment, ExecHandle, ExecOptions, RunningHandle } from "../runtime.ts";
import { specText } from "../spec/index.ts";
import type { DriverContext } from "./context.ts";

const killedCode = 137;
const failureLog = "runtime.log";

/**
 * Runs one more process in a container, under a monitor of its own: it goes on when the daemon dies. Its files are in
 * `exec/<id>` of the bundle until it has ended.
 */
export async function execInContainer(
  context: DriverContext,
  handle: RunningHandle,
  options: ExecOptions,
): Promise<ExecHandle> {
  const runtime = context.runtime(handle.runtime);
  const folder = join(handle.bundle, "exec", options.id);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let monitor: Monitor | undefined;
  let session: Session | undefined;
  const letCool = context.keepWarm();
  try {
    writeFileSync(join(folder, "process.json"), specText(options.process), { mode: 0o600 });
    monitor = await spawnExec(context, runtime, handle, options, folder);
    session = await attachBefore(monitor, options, folder);
    const pid = await startedPid(monitor, runtime, options, folder);
    if (session !== undefined) session.pid = pid;
    return {
      ...running(monitor, pid, session?.attachment, folder, remove),
      kill: killer(context, handle, pid),
    };
  } catch (error) {
    session?.hub.close();
    monitor?.kill();
    monitor?.release();
    remove();
    throw error;
  } finally {
    letCool();
  }
}

interface Session {
  hub: Hub;
  attachment: Attachment;
  /** Set once the process runs. */
  pid: number | undefined;
}

function streamsOf(options: ExecOptions) {
  return {
    terminal: options.process.terminal === true,
    stdin: options.attach?.stdin === true,
    stdinOnce: true,
  };
}

async function spawnExec(
  context: DriverContext,
  runtime: NamedRuntime,
  handle: RunningHandle,
  options: ExecOptions,
  folder: string,
): Promise<Monitor> {
  const attach = options.attach !== undefined;
  const streams = streamsOf(options);
  // With a terminal crun 1.8 writes why it failed on the terminal, where nobody reads it any more.
  const log = streams.terminal && (await context.kind(runtime)) === "crun" ? [`--log=${join(folder, failureLog)}`] : [];
  const logging = { ...(await context.quick(runtime)), args: [...runtime.args, ...log] };
  const monitor = await spawnMonitor({
    program: context.conmon,
    args: execArguments({ container: handle.id, folder, attach, ...streams }, logging),
    folder,
    temporary: context.temporary,
    handshake: attach,
  });
  void watchExit(monitor.pid, monitor.start).ended.then(() => reap(monitor.pid));
  return monitor;
}

/** Attaches before the process exists, so that not a byte is missed: conmon waits for the second `go`. */
async function attachBefore(monitor: Monitor, options: ExecOptions, folder: string): Promise<Session | undefined> {
  if (options.attach === undefined || monitor.attachPipe === undefined) return undefined;
  monitor.go();
  if ((await monitor.attachPipe.next()) === undefined)
    throw new BerthError("internal", "the process's monitor (conmon) ended unexpectedly");
  const streams = streamsOf(options);
  const hub = await connectHub({
    socket: join(folder, monitorFiles.attach),
    tty: streams.terminal,
    stdin: stdinMode(streams),
    stdinHasReader: stdinReaders(monitor.pid),
    watchProcess: () => watchExit(session.pid ?? 0, pidStartTime(session.pid ?? 0) ?? -1),
    onClose: () => {},
  });
  const session: Session = { hub, attachment: hub.attach(options.attach), pid: undefined };
  monitor.go();
  return session;
}

async function startedPid(
  monitor: Monitor,
  runtime: NamedRuntime,
  options: ExecOptions,
  folder: string,
): Promise<number> {
  const message = await monitor.sync.next();
  if (message !== undefined && message.data > 0 && message.message === undefined) return message.data;
  const said = message?.message ?? readText(join(folder, failureLog));
  if (said === undefined) throw new BerthError("internal", "the process's monitor (conmon) ended unexpectedly");
  const [command] = options.process.args;
  throw translateFailure({ verb: "exec", runtime: runtime.name, command }, said);
}

function running(
  monitor: Monitor,
  pid: number,
  attachment: Attachment | undefined,
  folder: string,
  remove: () => void,
): Omit<ExecHandle, "kill"> {
  const exit = monitor.sync.next().then((message) => {
    const code = message?.data ?? savedExit(folder) ?? killedCode;
    monitor.release();
    remove();
    return code;
  });
  return { pid, exit, attachment, resize: (size) => setWindowSize(folder, size) };
}

function killer(context: DriverContext, handle: RunningHandle, pid: number): () => void {
  const start = pidStartTime(pid) ?? -1;
  return () => killTree(pid, start, () => cgroupView(context.cgroups, handle.cgroupPath).processes());
}

function savedExit(folder: string): number | undefined {
  const text = readText(join(folder, monitorFiles.exit));
  return text === undefined ? undefined : Number.parseInt(text, 10);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
