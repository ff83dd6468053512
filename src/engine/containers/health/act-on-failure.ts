import { kindOf } from "../../../lib/index.ts";
import type { Container } from "../container.ts";
import { type ContainersContext, emitContainer } from "../context.ts";
import { restartContainer, stopContainer } from "../stop-container.ts";

const SIGKILL = 9;

/**
 * From now on a container that becomes unhealthy is killed, restarted or stopped where its health configuration says so
 * (OnFailure). Returns what ends that. A kill counts as the process's own end: the restart policy decides what follows.
 */
export function watchHealth(context: ContainersContext): () => void {
  return context.bus.listen(({ Type: type, Action: action, Actor: actor }) => {
    if (type !== "container" || action !== "health_status: unhealthy") return;
    const container = context.registry.get(actor.ID);
    if (container === undefined) return;
    context.background(`what follows from bad health of ${container.id}`, () => act(context, container));
  });
}

async function act(context: ContainersContext, container: Container): Promise<void> {
  try {
    const action = container.record.config.Healthcheck?.OnFailure;
    if (action === "kill") await kill(context, container);
    else if (action === "stop") await stopContainer(context, container, {});
    else if (action === "restart") await restartContainer(context, container, {});
  } catch (error) {
    // It may have ended by itself, or been removed, meanwhile.
    if (!["already", "conflict", "not-found"].includes(kindOf(error))) throw error;
  }
}

function kill(context: ContainersContext, container: Container): Promise<void> {
  return container.queue(async () => {
    const { run } = container;
    if (run === undefined || !context.runtime.kill(run.handle, SIGKILL)) return;
    emitContainer(context, container, "kill", { signal: String(SIGKILL) });
  });
}
