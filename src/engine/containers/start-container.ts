import { BerthError, kindOf, messageOf, UndoStack } from "../../lib/index.ts";
import { instantText } from "../events/index.ts";
import { connectAttachers, endAttachers } from "./attach/pending.ts";
import { type Container, isAutoRemoved, type Run } from "./container.ts";
import { type ContainersContext, emitContainer, saveState, subjectOf } from "./context.ts";
import { watchRun } from "./exit-container.ts";
import { beginChecks } from "./health/monitor.ts";
import { healthPlanOf, startingHealth } from "./health/plan-health.ts";
import { removeNow } from "./remove-now.ts";
import { launch } from "./start/launch.ts";
import { checkStart, started, startFailed } from "./transitions.ts";

/** Docker's exit code of a container whose process could not be started, unless the runtime knows a better one. */
const NOT_STARTED = 128;

/** POST /containers/{id}/start. A failure is kept in the container's state, too. */
export function startContainer(context: ContainersContext, container: Container): Promise<void> {
  return container.queue(async () => {
    checkStart(subjectOf(container));
    container.restart?.cancel();
    container.restart = undefined;
    container.restartDelay = 0;
    container.exitOnNext = false;
    container.state = { ...container.state, restartCount: 0 };
    await startNow(context, container);
  });
}

/** The start itself, when its turn has come; only in the container's queue. */
export function startNow(context: ContainersContext, container: Container): Promise<void> {
  const awaited = container.attachers.size > 0;
  return context.gate.pass(awaited, () => startInTurn(context, container));
}

async function startInTurn(context: ContainersContext, container: Container): Promise<void> {
  const undo = new UndoStack();
  try {
    const run = await launch(context, container, undo);
    await connectAttachers(context, container, run.handle);
    await context.runtime.start(run.handle);
    undo.discard();
    await begin(context, container, run);
  } catch (error) {
    for (const failure of await undo.unwind()) context.warn(`${container.id}: ${failure.message}`);
    await fail(context, container, error);
    throw withStatus(error);
  }
}

async function begin(context: ContainersContext, container: Container, run: Run): Promise<void> {
  container.run = run;
  const checked = healthPlanOf(container.record.config) !== undefined;
  await saveState(context, container, {
    ...started(container.state, instantText(context.clock)),
    ...(checked ? { health: startingHealth(container.state.health) } : {}),
  });
  emitContainer(context, container, "start");
  beginChecks(context, container);
  watchRun(context, container, run, startNow);
}

async function fail(context: ContainersContext, container: Container, error: unknown): Promise<void> {
  const exitCode = (error instanceof BerthError ? error.exitCode : undefined) ?? NOT_STARTED;
  await saveState(context, container, startFailed(container.state, messageOf(error), exitCode)).catch(
    (cause: unknown) => context.warn(messageOf(cause)),
  );
  endAttachers(container);
  if (isAutoRemoved(container)) await removeNow(context, container, { volumes: true });
}

/** What goes wrong while a container is set up is the daemon's trouble, except where the error says otherwise. */
function withStatus(error: unknown): unknown {
  return kindOf(error) === "already" ? new BerthError("internal", messageOf(error), { cause: error }) : error;
}
