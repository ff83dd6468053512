import { closeSync, existsSync, statSync } from "node:fs";
import type { UndoStack } from "../../../lib/index.ts";
import type { ResolvedMount } from "../../../runtime/index.ts";
import { MS, makeDirIn, makeFileIn, makePrivate, mount, O_PATH, openIn, withRoot } from "../../../system/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { etcMounts } from "../start/etc-files.ts";
import { unmountAll } from "../start/launch.ts";
import { type Pinned, resolveMounts } from "../start/mounts.ts";
import { volumeMounts } from "../volumes-of.ts";

interface Place {
  /** The mounted root file system. */
  target: string;
  /** Folder for what has to be pinned on the way. */
  folder: string;
  /** In whose name volumes are mounted. */
  user: string;
}

/** Mounts a stopped container's volumes and binds in its root. They go with the root's mount. */
export async function mountAll(
  context: ContainersContext,
  container: Container,
  { target, folder, user }: Place,
  undo: UndoStack,
): Promise<void> {
  for (const { volume } of volumeMounts(container)) {
    await context.volumes.mount(volume, user);
    undo.push(`unmount volume ${volume}`, () => context.volumes.unmount(volume, user));
  }
  const pinned: Pinned = { folder, targets: [] };
  undo.push("unmount what was pinned", () => unmountAll(context, pinned.targets));
  // The root goes before the volumes in it: unwinding is in the reverse order.
  undo.push("unmount the root and what is in it", () => context.snapshots.unmount(target));
  const own = (await resolveMounts(context, container, pinned)).filter(({ type }) => type === "bind");
  const taken = new Set(container.record.mounts.map(({ destination }) => destination));
  // A container that was never started has none of the files that the engine writes.
  const files = etcMounts(context, container, taken).filter(({ source }) => existsSync(source));
  const mounts = [...files, ...own];
  if (mounts.length === 0) return;
  makePrivate(target);
  for (const one of mounts.sort((a, b) => depth(a.destination) - depth(b.destination))) bind(target, one);
}

const depth = (path: string) => path.split("/").filter((part) => part !== "").length;

/** Every step works on what was opened inside the root: a volume that others use, too, may hold links that move. */
function bind(root: string, { source, destination, options }: ResolvedMount): void {
  withRoot(root, (fd) => {
    if (statSync(source).isDirectory()) makeDirIn(fd, destination);
    else makeFileIn(fd, destination);
    at(fd, destination, (path) => mount(source, path, undefined, MS.BIND | MS.REC));
    at(fd, destination, (path) => {
      // Else unmounting it here would unmount what is mounted in the source.
      mount("none", path, undefined, MS.PRIVATE | MS.REC);
      if (options.includes("ro")) mount("none", path, undefined, MS.BIND | MS.REMOUNT | MS.RDONLY);
    });
  });
}

function at(root: number, path: string, use: (place: string) => void): void {
  const fd = openIn(root, path, O_PATH);
  try {
    use(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}
