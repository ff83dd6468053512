import { conflict } from "../../lib/index.ts";
import type { Container } from "./container.ts";
import { type ContainersContext, emitContainer, saveState, subjectOf } from "./context.ts";
import { beginChecks, endChecks } from "./health/monitor.ts";
import { uncheckedHealth } from "./health/plan-health.ts";
import { checkPause, checkUnpause } from "./transitions.ts";

/** POST /containers/{id}/pause. */
export function pauseContainer(context: ContainersContext, container: Container): Promise<void> {
  return change(context, container, "pause");
}

/** POST /containers/{id}/unpause. */
export function unpauseContainer(context: ContainersContext, container: Container): Promise<void> {
  return change(context, container, "unpause");
}

function change(context: ContainersContext, container: Container, verb: "pause" | "unpause"): Promise<void> {
  return container.queue(async () => {
    if (verb === "pause") checkPause(subjectOf(container));
    else checkUnpause(subjectOf(container));
    const { run } = container;
    if (run === undefined) throw conflict(`container ${container.id} is not running`);
    if (verb === "pause") await context.runtime.pause(run.handle);
    else await context.runtime.resume(run.handle);
    const health =
      verb === "pause" && container.state.health ? { health: uncheckedHealth(container.state.health) } : {};
    await saveState(context, container, {
      ...container.state,
      ...health,
      status: verb === "pause" ? "paused" : "running",
    });
    if (verb === "pause") endChecks(container);
    else beginChecks(context, container);
    emitContainer(context, container, verb);
  });
}
