import type { Readable } from "node:stream";
import type { Container } from "./container.ts";
import { type ContainersContext, emitContainer } from "./context.ts";
import { openView } from "./copy/root-view.ts";

/** GET /containers/{id}/export: the root file system as it is, without volumes and other mounts. */
export async function exportContainer(
  context: ContainersContext,
  container: Container,
  signal: AbortSignal,
): Promise<Readable> {
  const view = await openView(context, container, { mounts: false, write: false });
  const archive = context.archives.pack({ directory: view.root, name: ".", as: ".", contents: true }, signal);
  archive.once("close", () => context.background("closing a view", () => view.close()));
  emitContainer(context, container, "export");
  return archive;
}
