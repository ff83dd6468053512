import { conflict } from "../../lib/index.ts";
import { endAttachers } from "./attach/pending.ts";
import type { Container } from "./container.ts";
import { type ContainersContext, emitContainer } from "./context.ts";

/** The removal itself; only in the container's queue, and only of a container that does not run. */
export async function removeNow(
  context: ContainersContext,
  container: Container,
  { volumes }: { volumes: boolean },
): Promise<void> {
  if (container.phase === "gone") return;
  if (container.run !== undefined) throw conflict(`container ${container.id} still runs`);
  container.phase = "removing";
  endAttachers(container);
  const rest = await context.records.discard(container.id);
  context.background(`remove the files of container ${container.id}`, () => context.trees.remove(rest));
  context.registry.remove(container);
  container.phase = "gone";
  if (volumes) for (const name of container.record.anonymousVolumes) await context.volumes.discard(name);
  emitContainer(context, container, "destroy");
  context.background("release of an image", () => context.images.release(container.record.imageId, container.id));
  const { exitCode } = container.state;
  container.exit.resolve({ exitCode });
  container.removed.resolve({ exitCode });
}
