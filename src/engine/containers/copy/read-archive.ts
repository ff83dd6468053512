import { closeSync } from "node:fs";
import type { Readable } from "node:stream";
import type { PathStat } from "../../../spec/api/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { normalizePath, openPath } from "./container-path.ts";
import { openView } from "./root-view.ts";

/** HEAD /containers/{id}/archive. */
export async function statPath(
  context: ContainersContext,
  container: Container,
  ref: string,
  path: string,
): Promise<PathStat> {
  const view = await openView(context, container, { mounts: true, write: false });
  try {
    const { directory, stat } = openPath(view.root, normalizePath(path), ref);
    closeSync(directory);
    return stat;
  } finally {
    await view.close();
  }
}

/** GET /containers/{id}/archive. What was opened is what is packed: its name may lead elsewhere by then. */
export async function readArchive(
  context: ContainersContext,
  container: Container,
  { ref, path, signal }: { ref: string; path: string; signal: AbortSignal },
): Promise<{ stat: PathStat; archive: Readable }> {
  const view = await openView(context, container, { mounts: true, write: false });
  try {
    const { directory, name, stat } = openPath(view.root, normalizePath(path), ref);
    const bytes = (text: string) => Buffer.from(text, "utf8").toString("latin1");
    const as = stat.name === "/" ? "" : bytes(stat.name);
    const archive = context.archives.pack({ directory, name: bytes(name), as }, signal);
    archive.once("close", () => {
      closeSync(directory);
      context.background("closing a view", () => view.close());
    });
    return { stat, archive };
  } catch (error) {
    await view.close();
    throw error;
  }
}
