import { conflict } from "../../lib/index.ts";
import type { Container } from "./container.ts";
import { type ContainersContext, emitContainer, saveState, subjectOf } from "./context.ts";
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
    await saveState(context, container, { ...container.state, status: verb === "pause" ? "paused" : "running" });
    emitContainer(context, container, verb);
  });
}
