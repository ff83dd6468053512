import { messageOf } from "../../lib/index.ts";
import type { Container, RunState } from "./container.ts";
import type { ContainersContext } from "./context.ts";
import { leaveSandbox } from "./network/sandbox.ts";
import { rootfsOf, unmountAll } from "./start/launch.ts";

/** Takes down what a run had set up. Never fails: what goes wrong is reported, and cleared at the next start-up. */
export async function tearDown(
  context: ContainersContext,
  container: Container | { id: string },
  run: RunState,
): Promise<void> {
  const step = (work: () => Promise<void>) => attempt(context, container, work);
  await step(() => context.runtime.delete(run.handle));
  if ("sandbox" in container) await step(() => leaveSandbox(context, container));
  await step(() => unmountAll(context, run.pinned));
  await step(() => context.snapshots.unmount(rootfsOf(context, container.id)));
  for (const volume of run.volumes) await step(() => context.volumes.unmount(volume, container.id));
  await step(() => context.runs.remove(container.id));
}

/** Does one step of what must go on past failures. */
export async function attempt(
  context: ContainersContext,
  container: Pick<Container, "id">,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    context.warn(`container ${container.id}: ${messageOf(error)}`);
  }
}
