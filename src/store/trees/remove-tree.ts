import { randomBytes } from "node:crypto";
import {
  AT_FDCWD,
  type CName,
  closeFd,
  codeOf,
  cstring,
  DT_DIR,
  DT_UNKNOWN,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  openAt,
  RENAME_NOREPLACE,
  readDirectory,
  renameAt,
  rmdirAt,
  S_IFDIR,
  S_IFMT,
  statAt,
  unlinkAt,
} from "../../system/index.ts";

// Each level holds a descriptor and a stack frame; what lies deeper is moved up and removed from there.
const MAX_DEPTH = 100;

/**
 * Removes a tree, synchronously: the name in the directory and all below it, following no link. What disappears
 * meanwhile is no error, and nothing there at all is none. Any depth will do. It never crosses a mount: EBUSY there.
 */
export function removeTreeAt(dir: number, name: CName): void {
  if (removeLeaf(dir, name)) return;
  const fd = openDirectory(dir, name);
  if (fd === undefined) return;
  try {
    while (removeContents(fd, { fd, depth: 0, moved: false })) {}
  } finally {
    closeFd(fd);
  }
  ignoreMissing(() => rmdirAt(dir, name));
}

/** The same by path. */
export function removeTreeSync(path: string): void {
  removeTreeAt(AT_FDCWD, cstring(path));
}

/** Where what lies too deep is moved to, and whether that has happened. */
interface Top {
  fd: number;
  depth: number;
  moved: boolean;
}

/** Empties an open directory. True where the top has to be gone through again. */
function removeContents(fd: number, top: Top): boolean {
  for (const { name, type } of readDirectory(fd)) {
    if (type === DT_DIR || (type === DT_UNKNOWN && isDirectory(fd, name))) removeDirectory(fd, name, top);
    else ignoreMissing(() => unlinkAt(fd, name));
  }
  return top.moved && top.depth === 0;
}

function removeDirectory(dir: number, name: CName, top: Top): void {
  if (top.depth >= MAX_DEPTH) {
    renameAt(dir, name, top.fd, cstring(`.moved-${randomBytes(8).toString("hex")}`), RENAME_NOREPLACE);
    top.moved = true;
    return;
  }
  const fd = openDirectory(dir, name);
  if (fd === undefined) return;
  top.depth++;
  try {
    removeContents(fd, top);
  } finally {
    closeFd(fd);
    top.depth--;
  }
  ignoreMissing(() => rmdirAt(dir, name));
}

/** True where the name is gone: it was no directory. */
function removeLeaf(dir: number, name: CName): boolean {
  try {
    unlinkAt(dir, name);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return true;
    // Linux says EISDIR, POSIX EPERM.
    if (code === "EISDIR" || (code === "EPERM" && isDirectory(dir, name))) return false;
    throw error;
  }
}

function openDirectory(dir: number, name: CName): number | undefined {
  try {
    return openAt(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

const isDirectory = (dir: number, name: CName) => (statAt(dir, name).mode & S_IFMT) === S_IFDIR;

function ignoreMissing(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}
