import { invalid, notFound } from "../../../lib/index.ts";
import {
  closeFd,
  codeOf,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  openIn,
  type RawStat,
  readDirectory,
  S_IFDIR,
  S_IFMT,
  statFd,
} from "../../../system/index.ts";
import type { FileSelection } from "./copy-request.ts";
import { hasWildcard, matchName } from "./match-name.ts";

/** One file or directory that a selection names: links that its path ends with have been followed. */
export interface SelectedFile {
  root: string;
  /** Below the root, without a slash in front; latin1 bytes, "." for the root itself. */
  path: string;
  /** What it is called: the last name of the path as it was asked for. */
  name: string;
  /** Folders that are kept above it (--parents), latin1 bytes. */
  above: string;
  stat: RawStat;
  exclude: readonly string[];
}

const MOST_MATCHES = 1_000_000;

/**
 * What the paths of a selection name, in their order, wildcards' matches sorted. A path without wildcards that is not
 * there is "not-found" in BuildKit's words; wildcards may match nothing.
 */
export function selectFiles(selection: FileSelection): SelectedFile[] {
  const selected = selection.paths.flatMap((path) => selectPath(selection, path));
  if (selected.length > MOST_MATCHES) throw invalid(`more than ${MOST_MATCHES} files are named`);
  return selected;
}

function selectPath(selection: FileSelection, path: string): SelectedFile[] {
  const pivot = selection.parents ? pivotOf(path) : 0;
  const names = namesOf(path);
  const found = expand(selection.root, "", names, 0);
  if (found.length === 0 && !names.some(hasWildcard))
    throw notFound(`${JSON.stringify(`/${names.join("/")}`)}: not found`);
  return found.map((each) => {
    const parts = each.path === "." ? [] : each.path.split("/");
    return {
      ...each,
      root: selection.root,
      name: parts.at(-1) ?? "",
      above: selection.parents ? parts.slice(pivot, -1).join("/") : "",
      exclude: selection.exclude,
    };
  });
}

/** Of `a/b/./c/d` the folders from c on are kept. */
function pivotOf(path: string): number {
  const parts = path.split("/").filter((part) => part !== "");
  const at = parts.indexOf(".", 1);
  return at === -1 ? 0 : namesOf(parts.slice(0, at).join("/")).length;
}

/** The names of a path, `..` taken lexically, which never leads above the root. */
function namesOf(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return names;
}

interface Found {
  path: string;
  stat: RawStat;
}

function expand(root: string, above: string, names: readonly string[], at: number): Found[] {
  const wild = names.findIndex((name, index) => index >= at && hasWildcard(name));
  const plain = names.slice(at, wild === -1 ? undefined : wild);
  const prefix = joined(above, ...plain.map((name) => Buffer.from(name).toString("latin1")));
  if (wild === -1) {
    const stat = statOf(root, prefix);
    return stat === undefined ? [] : [{ path: prefix === "" ? "." : prefix, stat }];
  }
  const pattern = names[wild] ?? "";
  return listed(root, prefix)
    .filter((name) => matchName(pattern, Buffer.from(name, "latin1").toString()))
    .sort()
    .flatMap((name) => expand(root, joined(prefix, name), names, wild + 1));
}

const joined = (...parts: string[]) => parts.filter((part) => part !== "").join("/");

function listed(root: string, path: string): string[] {
  return (
    inside(root, path, O_RDONLY | O_DIRECTORY, (fd) =>
      readDirectory(fd).map(({ name }) => name.toString("latin1", 0, name.length - 1)),
    ) ?? []
  );
}

function statOf(root: string, path: string): RawStat | undefined {
  return inside(root, path, O_PATH, statFd);
}

/** Uses what is at a path, links followed inside the root; undefined where nothing is there. */
function inside<T>(root: string, path: string, flags: number, use: (fd: number) => T): T | undefined {
  let fd: number;
  try {
    fd = openIn(root, Buffer.from(path === "" ? "." : path, "latin1"), flags);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(codeOf(error) ?? "")) return undefined;
    throw error;
  }
  try {
    return use(fd);
  } finally {
    closeFd(fd);
  }
}

export const isDirectory = ({ mode }: RawStat): boolean => (mode & S_IFMT) === S_IFDIR;
