import { closeSync } from "node:fs";
import { posix } from "node:path";
import {
  codeOf,
  cstring,
  lstatIn,
  makeDirIn,
  makeFileIn,
  O_DIRECTORY,
  O_RDONLY,
  openIn,
  rmdirAt,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
  setTimesFd,
  statAtIfAny,
  statFd,
  unlinkAt,
  withRoot,
} from "../../../system/index.ts";

/** Where something is going to be mounted, as a path in the root without links in it. */
export interface MountPoint {
  readonly place: string;
  readonly kind: "file" | "directory";
}

/**
 * Makes what things are mounted on where it is missing. What it returns takes that away again, as far as it is still
 * empty, and leaves the folders around it with the times they had: the layer does not show that something was mounted.
 * All within the root; a link that the step has put in the way leads nowhere else.
 */
export function makeMountPoints(root: string, points: readonly MountPoint[]): () => void {
  const made: string[] = [];
  withRoot(root, (fd) => {
    for (const { place, kind } of points) {
      const missing = missingAbove(fd, place);
      const top = missing.at(-1);
      if (top === undefined) continue;
      const around = posix.dirname(top);
      inFolder(fd, around, (folder) => {
        const { atime, mtime } = statFd(folder);
        if (kind === "directory") makeDirIn(fd, place);
        else makeFileIn(fd, place);
        setTimesFd(folder, atime, mtime);
      });
      made.push(...missing);
    }
  });
  // The deepest first, whatever was asked for in which order.
  made.sort((a, b) => b.split("/").length - a.split("/").length);
  return () => withRoot(root, (fd) => made.forEach((path) => void takeAway(fd, path)));
}

/** The path and those of its parents that are not there, the deepest first. */
function missingAbove(root: number, path: string): string[] {
  const missing: string[] = [];
  for (let at = path; at !== "/" && at !== "." && isMissing(root, at); at = posix.dirname(at)) missing.push(at);
  return missing;
}

function isMissing(root: number, path: string): boolean {
  return lstatIn(root, path) === undefined;
}

function takeAway(root: number, path: string): void {
  inFolder(root, posix.dirname(path), (folder) => {
    const name = cstring(posix.basename(path));
    const found = statAtIfAny(folder, name);
    if (found === undefined) return;
    const { atime, mtime } = statFd(folder);
    const type = found.mode & S_IFMT;
    if (type === S_IFDIR) removeIfEmpty(() => rmdirAt(folder, name));
    else if (type === S_IFREG && found.size === 0) unlinkAt(folder, name);
    else return;
    setTimesFd(folder, atime, mtime);
  });
}

function removeIfEmpty(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (codeOf(error) !== "ENOTEMPTY") throw error;
  }
}

/** The folder may have gone, or have become something else. */
function inFolder(root: number, path: string, use: (fd: number) => void): void {
  let fd: number;
  try {
    fd = openIn(root, path, O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(codeOf(error) ?? "")) return;
    throw error;
  }
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}
