import { BerthError } from "../../lib/index.ts";
import { type Container, isRunning } from "./container.ts";
import { type ContainersContext, subjectOf } from "./context.ts";
import { killHard } from "./kill-container.ts";
import { removeNow } from "./remove-now.ts";
import { abandonRestart } from "./settle-exit.ts";
import { checkRemove } from "./transitions.ts";

/** DELETE /containers/{id}. With force a running container is killed first. */
export async function removeContainer(
  context: ContainersContext,
  container: Container,
  options: { force: boolean; volumes: boolean; link: boolean },
): Promise<void> {
  if (options.link) throw new BerthError("internal", "Conflict, cannot remove the default link name of the container");
  checkRemove(subjectOf(container), options.force);
  container.phase = "removing";
  try {
    await container.queue(() => abandonRestart(context, container));
    if (isRunning(container)) await killHard(context, container);
    await container.queue(() => removeNow(context, container, options));
  } catch (error) {
    // Seen again, so that the user can look at it and try once more.
    if (container.phase === "removing") container.phase = "kept";
    throw error;
  }
}
