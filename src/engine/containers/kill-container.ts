import { BerthError, conflict, doing, withTimeout } from "../../lib/index.ts";
import { signalNumber } from "../../system/index.ts";
import type { Container, Run } from "./container.ts";
import { type ContainersContext, emitContainer, saveState, subjectOf } from "./context.ts";
import { beginChecks } from "./health/monitor.ts";
import { abandonRestart } from "./settle-exit.ts";
import { checkRunning } from "./transitions.ts";

const SIGKILL = 9;
/** A process that SIGKILL has not ended by then waits for the kernel. */
const PATIENCE = 10_000;
/** One that has taken it is reported as ended by then. */
const MOMENT = 2000;

/** POST /containers/{id}/kill. With SIGKILL it resolves when the container has ended. */
export async function killContainer(context: ContainersContext, ref: string, signal: string): Promise<void> {
  try {
    const container = context.registry.find(ref);
    const number = signalNumber(signal);
    checkRunning({
      ...subjectOf(container),
      status: container.state.status === "restarting" ? "running" : container.state.status,
    });
    if (number === SIGKILL) await killHard(context, container);
    else await sendSignal(context, container, number);
  } catch (error) {
    throw doing(`cannot kill container: ${ref}`, error);
  }
}

/** Sends a signal to the container's first process and says so in an event. */
export function sendSignal(context: ContainersContext, container: Container, signal: number): Promise<void> {
  return container.queue(async () => {
    if (container.state.status === "restarting") return abandonRestart(context, container);
    const { run } = container;
    if (run === undefined) throw conflict(`container ${container.id} is not running`);
    if (endsRun(container, signal)) {
      container.exitOnNext = true;
      await saveState(context, container, { ...container.state, stoppedByUser: true });
    }
    if (!context.runtime.kill(run.handle, signal)) return;
    emitContainer(context, container, "kill", { signal: String(signal) });
    // A frozen process takes no signal: whoever wants it to end wants it thawed, too.
    if (container.state.status === "paused" && endsRun(container, signal)) {
      await thaw(context, run);
      await saveState(context, container, { ...container.state, status: "running" });
      beginChecks(context, container);
      emitContainer(context, container, "unpause");
    }
  });
}

/** On cgroup v2 SIGKILL ends a frozen process as it is: then there is nothing left to thaw. */
async function thaw(context: ContainersContext, run: Run): Promise<void> {
  try {
    await context.runtime.resume(run.handle);
  } catch (error) {
    const ended = context.runtime.onExit(run.handle).then(() => true);
    if (!(await withTimeout(ended, MOMENT, () => false))) throw error;
  }
}

/** Docker's rule for signals that mean "stop": SIGKILL, the container's stop signal, or any where it names none. */
function endsRun(container: Container, signal: number): boolean {
  const own = container.record.config.StopSignal;
  return signal === SIGKILL || own === undefined || own === "" || signalNumber(own) === signal;
}

/** SIGKILL, and waits for the end. A container that has ended meanwhile is no error. */
export async function killHard(context: ContainersContext, container: Container): Promise<void> {
  const { run } = container;
  await sendSignal(context, container, SIGKILL).catch((error: unknown) => {
    if (container.run !== undefined) throw error;
  });
  if (run === undefined) return;
  const over = run.over.wait().then(() => true);
  if (await withTimeout(over, PATIENCE, () => false)) return;
  await context.runtime.killAll(run.handle);
  if (await withTimeout(over, PATIENCE, () => false)) return;
  throw new BerthError("timeout", "tried to kill container, but did not receive an exit event");
}
