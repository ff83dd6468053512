import { join } from "node:path";
import { randomHex, UndoStack } from "../../lib/index.ts";
import type { ChangesRequest } from "../../store/trees/index.ts";
import type { Container } from "./container.ts";
import type { ContainersContext } from "./context.ts";

/** Gives `use` a container's writable layer and, mounted for as long as it takes, what is seen without it. */
export async function withLayers<T>(
  context: ContainersContext,
  container: Container,
  use: (request: ChangesRequest) => Promise<T>,
): Promise<T> {
  const { runs, snapshots, records } = context;
  const { chainIds } = container.record;
  const common = { upper: join(records.folder(container.id), "upper"), skeleton: true };
  if (chainIds.length === 0) return use(common);
  const undo = new UndoStack();
  const view = randomHex(32);
  try {
    await runs.makeFolder(view);
    undo.push("remove the view's folder", () => runs.remove(view));
    const lower = join(runs.folder(view), "image");
    undo.push("unmount the image", () => snapshots.unmount(lower));
    await snapshots.mountReadOnly({ chainIds, target: lower });
    return await use({ ...common, lower });
  } finally {
    for (const failure of await undo.unwind()) context.warn(`container ${container.id}: ${failure.message}`);
  }
}
