import { conflict } from "../../lib/index.ts";
import type { Container } from "./container.ts";
import { type ContainersContext, emitContainer, subjectOf } from "./context.ts";
import { checkRunning } from "./transitions.ts";

/** POST /containers/{id}/resize. Without a terminal nothing changes, and it is no error, as with Docker. */
export async function resizeContainer(
  context: ContainersContext,
  container: Container,
  size: { height: number; width: number },
): Promise<void> {
  checkRunning(subjectOf(container));
  const { run } = container;
  if (run === undefined) throw conflict(`container ${container.id} is not running`);
  if (container.record.config.Tty) await context.runtime.resize(run.handle, size);
  emitContainer(context, container, "resize", { height: String(size.height), width: String(size.width) });
}
