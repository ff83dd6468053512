import { BerthError, conflict, deferred, frameHeader, messageOf, notFound } from "../../lib/index.ts";
import type { ExecHandle } from "../../runtime/index.ts";
import type { ExecStartBody } from "../../spec/api/index.ts";
import { openSession } from "../containers/attach/attach-session.ts";
import { parseDetachKeys } from "../containers/attach/detach-keys.ts";
import { type ContainersContext, emitContainer, subjectOf } from "../containers/context.ts";
import { execProcess } from "../containers/exec-process.ts";
import { checkExec } from "../containers/transitions.ts";
import type { AttachSession } from "../engine.ts";
import { commandLine } from "./create-exec.ts";
import type { Exec, ExecRegistry } from "./exec-registry.ts";

/** POST /exec/{id}/start. A process that cannot be started says so on the session, as Docker does, and by its exit code. */
export async function startExec(
  context: ContainersContext,
  registry: ExecRegistry,
  id: string,
  body: ExecStartBody,
): Promise<AttachSession | undefined> {
  const exec = registry.find(id);
  checkStartable(context, exec);
  exec.phase = "starting";
  emitContainer(context, exec.container, `exec_start: ${commandLine(exec.body)}`, { execID: id });
  const detach = body.Detach === true;
  let handle: ExecHandle;
  try {
    handle = await run(context, exec, body, detach);
  } catch (error) {
    exec.phase = "ended";
    exec.exitCode = (error instanceof BerthError ? error.exitCode : undefined) ?? 126;
    registry.retire(exec);
    if (detach) throw error;
    return failedSession(exec, messageOf(error));
  }
  exec.phase = "running";
  exec.handle = handle;
  exec.pid = handle.pid;
  const settled = deferred<void>();
  context.background(`end of exec ${id}`, async () => {
    exec.exitCode = await handle.exit;
    exec.phase = "ended";
    registry.retire(exec);
    emitContainer(context, exec.container, "exec_die", { execID: id, exitCode: String(exec.exitCode) });
    settled.resolve();
  });
  return detach ? undefined : sessionOf(context, exec, handle, settled.promise);
}

function checkStartable(context: ContainersContext, exec: Exec): void {
  const { container, phase, id } = exec;
  if (phase === "ended") throw conflict(`Error: Exec command ${id} has already run`);
  if (phase !== "created") throw conflict(`Error: Exec command ${id} is already running`);
  if (context.registry.get(container.id) !== container) throw notFound(`No such container: ${container.id}`);
  checkExec(subjectOf(container), container.id);
}

function run(context: ContainersContext, exec: Exec, start: ExecStartBody, detach: boolean): Promise<ExecHandle> {
  const { run: current } = exec.container;
  if (current === undefined) throw conflict(`container ${exec.container.id} is not running`);
  const { AttachStdin: stdin = false, AttachStdout: stdout = false, AttachStderr: stderr = false } = exec.body;
  return context.runtime.exec(current.handle, {
    id: exec.id,
    process: execProcess(context, exec.container, exec.body, start.ConsoleSize),
    ...(detach ? {} : { attach: { stdin, stdout, stderr } }),
  });
}

function sessionOf(
  context: ContainersContext,
  exec: Exec,
  { attachment }: ExecHandle,
  settled: Promise<void>,
): AttachSession {
  const {
    AttachStdin: stdin = false,
    AttachStdout: stdout = false,
    AttachStderr: stderr = false,
    Tty: tty = false,
  } = exec.body;
  const session = openSession({
    tty,
    streams: { stdin, stdout, stderr },
    detachKeys: stdin && tty ? parseDetachKeys(exec.body.DetachKeys) : undefined,
    onDetach: () => emitContainer(context, exec.container, "exec_detach", { execID: exec.id }),
    settled,
  });
  if (attachment === undefined) session.end();
  else session.join(attachment);
  return session;
}

/** What the client prints instead of output. */
function failedSession(exec: Exec, text: string): AttachSession {
  const session = openSession({
    tty: exec.body.Tty === true,
    streams: { stdin: exec.body.AttachStdin === true, stdout: true, stderr: true },
    detachKeys: undefined,
    onDetach: () => {},
  });
  const bytes = Buffer.from(`${text}\r\n`);
  const framed = session.tty ? bytes : Buffer.concat([frameHeader(1, bytes.length), bytes]);
  (session.output as unknown as NodeJS.WritableStream).end(framed);
  // Nothing reads it: what the client sends is dropped.
  (session.input as unknown as NodeJS.ReadableStream | undefined)?.resume();
  return session;
}
