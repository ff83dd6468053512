import {
  createDemuxer,
  deferred,
  formatGoDuration,
  messageOf,
  randomHex,
  rfc3339Nano,
  withTimeout,
} from "../../../lib/index.ts";
import type { ExecHandle } from "../../../runtime/index.ts";
import type { HealthLogEntry } from "../../../spec/api/index.ts";
import type { Container, Run } from "../container.ts";
import { type ContainersContext, emitContainer } from "../context.ts";
import { execProcess } from "../exec-process.ts";
import type { HealthPlan } from "./plan-health.ts";
import { createProbeOutput, type ProbeOutput } from "./probe-output.ts";

/** Exit code of a check that could not be run, or not to its end. */
const NO_CODE = -1;
const MILLISECOND = 1e6;
/** A process that SIGKILL has not ended by then waits for the kernel; the check is over all the same. */
const KILL_PATIENCE = 10_000;

/** A check that runs longer than this many milliseconds is written down. */
const LONG = 1000;

/**
 * Runs one check to its end, or to its timeout: then it is killed with all that it has started. `onLong` is told of a
 * check that takes its time. Never rejects.
 */
export async function probe(
  context: ContainersContext,
  container: Container,
  run: Run,
  plan: HealthPlan,
  onLong: (handle: ExecHandle) => void,
): Promise<HealthLogEntry> {
  const start = rfc3339Nano(context.clock());
  const id = randomHex(32);
  const [entrypoint = "", ...args] = plan.command;
  const command = `${entrypoint} ${args.join(" ")}`;
  emitContainer(context, container, `exec_create: ${command}`, { execID: id });
  container.execs.add(id);
  try {
    emitContainer(context, container, `exec_start: ${command}`, { execID: id });
    const handle = await context.runtime.exec(run.handle, {
      id,
      process: execProcess(context, container, { Cmd: [...plan.command] }),
      attach: { stdin: false, stdout: true, stderr: true },
    });
    const long = setTimeout(onLong, LONG, handle);
    const { code, text } = await outcome(handle, plan).finally(() => clearTimeout(long));
    emitContainer(context, container, "exec_die", { execID: id, exitCode: String(code === NO_CODE ? 137 : code) });
    return { Start: start, End: rfc3339Nano(context.clock()), ExitCode: code, Output: text };
  } catch (error) {
    return { Start: start, End: rfc3339Nano(context.clock()), ExitCode: NO_CODE, Output: messageOf(error) };
  } finally {
    container.execs.delete(id);
  }
}

async function outcome(handle: ExecHandle, plan: HealthPlan): Promise<{ code: number; text: string }> {
  const output = createProbeOutput();
  const read = readOutput(handle, output);
  const done = Promise.all([handle.exit, read]).then(([code]) => code);
  const code = await withTimeout<number | undefined>(done, Math.min(plan.timeout, 2 ** 31 - 1), () => undefined);
  if (code !== undefined) return { code, text: output.text() };
  handle.kill();
  await withTimeout<unknown>(handle.exit, KILL_PATIENCE, () => undefined);
  handle.attachment?.destroy();
  const why = `Health check exceeded timeout (${formatGoDuration(plan.timeout * MILLISECOND)})`;
  const said = output.text();
  return { code: NO_CODE, text: said === "" ? why : `${why}: ${said}` };
}

function readOutput({ attachment }: ExecHandle, output: ProbeOutput): Promise<void> {
  const over = deferred<void>();
  if (attachment === undefined) return Promise.resolve();
  const frames = createDemuxer((_, payload) => output.add(payload));
  attachment.output.on("data", (chunk: Buffer) => frames.write(chunk));
  for (const event of ["end", "error", "close"]) attachment.output.once(event, () => over.resolve());
  return over.promise;
}
