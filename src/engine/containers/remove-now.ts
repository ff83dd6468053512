import { conflict, messageOf } from "../../lib/index.ts";
import { endAttachers } from "./attach/pending.ts";
import type { Container } from "./container.ts";
import { type ContainersContext, emitContainer } from "./context.ts";

/**
 * The removal itself; only in the container's queue, and only of a container that does not run. Where its folder cannot
 * be set aside the container stays, to be tried again; after that nothing keeps it.
 */
export async function removeNow(
  context: ContainersContext,
  container: Container,
  { volumes }: { volumes: boolean },
): Promise<void> {
  if (container.phase === "gone") return;
  if (container.run !== undefined) throw conflict(`container ${container.id} still runs`);
  container.phase = "removing";
  endAttachers(container);
  try {
    const rest = await context.records.discard(container.id);
    context.background(`remove the files of container ${container.id}`, () => context.trees.remove(rest));
  } catch (error) {
    container.phase = "kept";
    throw error;
  }
  forget(context, container);
  if (volumes) await removeVolumes(context, container);
  emitContainer(context, container, "destroy");
  const { exitCode } = container.state;
  container.exit.tell({ exitCode });
  container.removed.tell({ exitCode });
}

function forget(context: ContainersContext, container: Container): void {
  context.registry.remove(container);
  container.phase = "gone";
  const { imageId } = container.record;
  context.background(`release of image ${imageId}`, () => context.images.release(imageId, container.id));
}

async function removeVolumes(context: ContainersContext, container: Container): Promise<void> {
  for (const name of container.record.anonymousVolumes) {
    await context.volumes.discard(name).catch((error: unknown) => context.warn(`volume ${name}: ${messageOf(error)}`));
  }
}
