import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import type { IgnoreMatcher, IgnoreState } from "../../../lib/ignore/index.ts";
import { failure } from "../fail.ts";

/** Something of a context folder. Sockets are left out, links are links. */
export interface ContextEntry {
  /** Relative to the folder, with "/". */
  readonly path: string;
  readonly stat: Stats;
  /** Of a symbolic link. */
  readonly target?: string;
}

/** More than any folder that somebody means to send. */
const MAX_ENTRIES = 5_000_000;

/**
 * Everything of a folder that its ignore file lets through, folders before their members, names in order of their
 * bytes. `keep` names what is taken even where it is ignored. What vanishes while it is looked at is left out; a name
 * that is not UTF-8 ends the walk.
 */
export function walkContext(
  folder: string,
  rules: IgnoreMatcher | undefined,
  keep?: ReadonlySet<string>,
): ContextEntry[] {
  const entries: ContextEntry[] = [];
  const visit = (path: string, state: IgnoreState | undefined): void => {
    for (const name of namesOf(folder, path)) {
      const entryPath = path === "" ? name : `${path}/${name}`;
      const entryState = rules?.enter(entryPath, state);
      const ignored = entryState?.ignored === true && keep?.has(entryPath) !== true;
      const stat = lstatSync(`${folder}/${entryPath}`, { throwIfNoEntry: false });
      if (stat === undefined || stat.isSocket()) continue;
      const isFolder = stat.isDirectory();
      if (ignored && !(isFolder && (entryState?.prune === false || mayKeep(keep, entryPath)))) continue;
      const at = entries.length;
      entries.push(
        stat.isSymbolicLink()
          ? { path: entryPath, stat, target: linkTarget(folder, entryPath) }
          : { path: entryPath, stat },
      );
      if (entries.length > MAX_ENTRIES) throw failure(`the build context has more than ${MAX_ENTRIES} files`);
      if (!isFolder) continue;
      visit(entryPath, entryState);
      // An ignored folder goes along only with what was taken back below it.
      if (ignored && entries.length === at + 1) entries.pop();
    }
  };
  visit("", undefined);
  return entries;
}

const mayKeep = (keep: ReadonlySet<string> | undefined, folder: string) =>
  keep !== undefined && [...keep].some((path) => path.startsWith(`${folder}/`));

function namesOf(folder: string, path: string): string[] {
  let names: string[];
  try {
    names = readdirSync(path === "" ? folder : `${folder}/${path}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (path !== "" && (code === "ENOENT" || code === "ENOTDIR")) return [];
    throw error;
  }
  for (const name of names)
    if (name.includes("\ufffd"))
      throw failure(
        `the build context has a file whose name is not UTF-8: ${JSON.stringify(path === "" ? name : `${path}/${name}`)}`,
      );
  return names.sort();
}

function linkTarget(folder: string, path: string): string {
  return readlinkSync(`${folder}/${path}`);
}
