import type { ContainerChange } from "../../spec/api/index.ts";
import { withLayers } from "./below.ts";
import type { Container } from "./container.ts";
import type { ContainersContext } from "./context.ts";

/** GET /containers/{id}/changes. */
export async function containerChanges(
  context: ContainersContext,
  container: Container,
): Promise<ContainerChange[] | null> {
  const changes = await withLayers(context, container, (request) => context.archives.changes(request));
  if (changes.length === 0) return null;
  return changes.map(({ kind, path }) => ({ Path: Buffer.from(path, "latin1").toString("utf8"), Kind: kind }));
}
