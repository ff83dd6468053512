import { closeSync } from "node:fs";
import type { Readable } from "node:stream";
import { invalid } from "../../../lib/index.ts";
import { codeOf, O_DIRECTORY, O_RDONLY, openIn } from "../../../system/index.ts";
import type { Container } from "../container.ts";
import { type ContainersContext, emitContainer } from "../context.ts";
import { userIn } from "../start/root-file-system.ts";
import { normalizePath, pathOf, worded } from "./container-path.ts";
import { openView, type RootView } from "./root-view.ts";

export interface WriteArchiveOptions {
  ref: string;
  path: string;
  noOverwriteDirNonDir: boolean;
  /** Give everything to the container's user. */
  copyUIDGID: boolean;
  signal: AbortSignal;
}

/** PUT /containers/{id}/archive: everything stays below the directory that was opened, whatever happens meanwhile. */
export async function writeArchive(
  context: ContainersContext,
  container: Container,
  archive: Readable,
  options: WriteArchiveOptions,
): Promise<void> {
  const view = await openView(context, container, { mounts: true, write: true });
  try {
    const directory = openDirectory(view, normalizePath(options.path), options.ref);
    try {
      const root = pathOf(view.root, directory);
      checkWritable(container, root);
      const owner = options.copyUIDGID ? ownerOf(view, container) : undefined;
      const keep = options.noOverwriteDirNonDir ? { keepKinds: { root } } : {};
      const request = { directory, ...keep, ...(owner === undefined ? {} : { owner }) };
      await context.archives.unpack(request, archive, options.signal);
    } finally {
      closeSync(directory);
    }
  } finally {
    await view.close();
  }
  emitContainer(context, container, "extract-to-dir");
}

function openDirectory({ root }: RootView, path: string, ref: string): number {
  try {
    return openIn(root, path, O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") throw invalid("extraction point is not a directory");
    throw worded(error, path, ref);
  }
}

/** Read-only parts by the container's own configuration: while it is stopped nothing else keeps them so. */
function checkWritable({ record }: Container, path: string): void {
  const holds = (destination: string) => path === destination || path.startsWith(`${destination.replace(/\/$/, "")}/`);
  const [mount] = record.mounts
    .filter(({ destination }) => holds(destination))
    .sort((a, b) => b.destination.length - a.destination.length);
  if (mount !== undefined && !mount.readWrite) throw invalid("mounted volume is marked read-only");
  if (mount === undefined && record.hostConfig.ReadonlyRootfs) throw invalid("container rootfs is marked read-only");
}

function ownerOf({ root }: RootView, { record }: Container): { uid: number; gid: number } | undefined {
  const user = record.config.User ?? "";
  if (user === "") return undefined;
  const { uid, gid } = userIn(root, user, []);
  return { uid, gid };
}
