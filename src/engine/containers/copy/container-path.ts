import { type BigIntStats, closeSync, fstatSync, readlinkSync } from "node:fs";
import { posix } from "node:path";
import { BerthError, notFound, rfc3339Nano } from "../../../lib/index.ts";
import type { PathStat } from "../../../spec/api/index.ts";
import { codeOf, lstatIn, O_DIRECTORY, O_NOFOLLOW, O_PATH, openIn, readlinkIn } from "../../../system/index.ts";

/**
 * Docker's form of a path in a container: absolute, ".." resolved lexically, and a trailing "/" or "/." kept, which
 * both say that a directory is meant and that a link to it is followed.
 */
export function normalizePath(path: string): string {
  const clean = posix.join("/", path).replace(/(?<=.)\/$/, "");
  if (/(^|\/)\.$/.test(path)) return clean === "/" ? "/." : `${clean}/.`;
  return path.endsWith("/") && clean !== "/" ? `${clean}/` : clean;
}

/** Where a path leads in a container: an open directory and a name in it. The caller closes `directory`. */
export interface Found {
  directory: number;
  /** "." for the directory itself. */
  name: string;
  stat: PathStat;
}

/** Opens what a normalized path names; the last component's link is followed only where a directory is asked for. */
export function openPath(root: number, path: string, container: string): Found {
  try {
    return path.endsWith("/") || path.endsWith("/.") ? openDirectory(root, path) : openName(root, path);
  } catch (error) {
    throw worded(error, path, container);
  }
}

function openDirectory(root: number, path: string): Found {
  const directory = openIn(root, path, O_PATH | O_DIRECTORY);
  const name = path === "/" ? "/" : posix.basename(path);
  return { directory, name: ".", stat: { name, ...statOf(fstatSync(directory, { bigint: true })), linkTarget: "" } };
}

function openName(root: number, path: string): Found {
  const name = posix.basename(path);
  const directory = openIn(root, posix.dirname(path), O_PATH | O_DIRECTORY);
  try {
    const held = openIn(directory, name, O_PATH | O_NOFOLLOW);
    const stat = fstatSync(held, { bigint: true });
    closeSync(held);
    const linkTarget = stat.isSymbolicLink() ? followLinks(root, path) : "";
    return { directory, name, stat: { name, ...statOf(stat), linkTarget } };
  } catch (error) {
    closeSync(directory);
    throw error;
  }
}

/** An error of the kernel's in Docker's words. */
export function worded(error: unknown, path: string, container: string): unknown {
  const code = codeOf(error);
  if (code === "ENOENT") return notFound(`Could not find the file ${path} in container ${container}`);
  if (code === "ENOTDIR") return new BerthError("internal", `lstat ${path}: not a directory`);
  if (code === "ELOOP") return new BerthError("internal", `lstat ${path}: too many levels of symbolic links`);
  return error;
}

const MAX_LINKS = 255;

/** Where a link leads in the end, as far as anything is there: for people and clients to read, not to be opened. */
export function followLinks(root: number, path: string): string {
  let done = "";
  const left = path.split("/");
  for (let links = 0; left.length > 0; ) {
    const part = left.shift() ?? "";
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done = posix.dirname(done).replace(/^[/.]$/, "");
      continue;
    }
    const target = linkAt(root, `${done}/${part}`);
    if (target === undefined) done = `${done}/${part}`;
    else if (++links > MAX_LINKS) throw new BerthError("invalid", `too many links in ${path}`);
    else {
      if (target.startsWith("/")) done = "";
      left.unshift(...target.split("/"));
    }
  }
  return done === "" ? "/" : done;
}

function linkAt(root: number, path: string): string | undefined {
  try {
    return lstatIn(root, path)?.isSymbolicLink() ? readlinkIn(root, path) : undefined;
  } catch {
    return undefined;
  }
}

/** The path in the root of an open descriptor, whatever links led to it. */
export function pathOf(root: number, fd: number): string {
  const top = readlinkSync(`/proc/self/fd/${root}`).replace(/\/$/, "");
  const found = readlinkSync(`/proc/self/fd/${fd}`);
  return found.startsWith(`${top}/`) ? found.slice(top.length) : "/";
}

const TYPES: readonly [(stat: BigIntStats) => boolean, number][] = [
  [(stat) => stat.isDirectory(), 2 ** 31],
  [(stat) => stat.isSymbolicLink(), 2 ** 27],
  [(stat) => stat.isBlockDevice(), 2 ** 26],
  [(stat) => stat.isCharacterDevice(), 2 ** 26 + 2 ** 21],
  [(stat) => stat.isFIFO(), 2 ** 25],
  [(stat) => stat.isSocket(), 2 ** 24],
];

/** Go's os.FileMode, which the API gives. */
function goMode(stat: BigIntStats): number {
  const type = TYPES.find(([is]) => is(stat))?.[1] ?? 0;
  const mode = Number(stat.mode);
  const bit = (mask: number, value: number) => ((mode & mask) === 0 ? 0 : 2 ** value);
  return type + bit(0o4000, 23) + bit(0o2000, 22) + bit(0o1000, 20) + (mode & 0o777);
}

function statOf(stat: BigIntStats): Pick<PathStat, "size" | "mode" | "mtime"> {
  return { size: Number(stat.size), mode: goMode(stat), mtime: rfc3339Nano(stat.mtimeNs) };
}
