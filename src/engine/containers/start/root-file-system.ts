import { closeSync } from "node:fs";
import { invalid } from "../../../lib/index.ts";
import { checkRoot, checkWorkingDirectory } from "../../../runtime/index.ts";
import {
  codeOf,
  cstring,
  lookupUser,
  lstatIn,
  makeDirIn,
  makeFileIn,
  O_DIRECTORY,
  O_PATH,
  openIn,
  type ResolvedUser,
  type Root,
  readFileIn,
  symlinkAt,
  USER_FILE_LIMIT,
  withRoot,
} from "../../../system/index.ts";

/** The user of a process, looked up in the container's own files, which are hostile: confined, bounded, never blocking. */
export function userIn(root: Root, user: string, groupAdd: readonly string[]): ResolvedUser {
  return withRoot(root, (fd) => {
    const text = (path: string) => readFileIn(fd, path, { limit: USER_FILE_LIMIT })?.toString("utf8") ?? "";
    return lookupUser(text("/etc/passwd"), text("/etc/group"), user, groupAdd);
  });
}

/**
 * Makes what every container finds in its root: the mark that it is one, /etc/mtab, its working directory. Throws "invalid"
 * for a root or a working directory through which a runtime could be led outside.
 */
export function prepareRoot(root: string, workdir: string): void {
  withRoot(root, (fd) => {
    checkRoot(fd);
    makeFileIn(fd, "/.dockerenv", 0o755);
    makeMtab(fd);
    makeWorkdir(fd, workdir);
    checkWorkingDirectory(fd, workdir);
  });
}

function makeMtab(root: number): void {
  if (lstatIn(root, "/etc/mtab") !== undefined) return;
  try {
    makeDirIn(root, "/etc");
    const etc = openIn(root, "/etc", O_PATH | O_DIRECTORY);
    try {
      symlinkAt(cstring("/proc/mounts"), etc, cstring("mtab"));
    } finally {
      closeSync(etc);
    }
  } catch (error) {
    // An image with something odd in place of /etc does without.
    if (!["EEXIST", "ENOTDIR", "ELOOP", "ENOENT"].includes(codeOf(error) ?? "")) throw error;
  }
}

function makeWorkdir(root: number, workdir: string): void {
  if (workdir === "" || workdir === "/") return;
  try {
    makeDirIn(root, workdir);
  } catch (error) {
    if (codeOf(error) !== "ENOTDIR") throw error;
    throw invalid(`Cannot mkdir: ${workdir} is not a directory`, { cause: error });
  }
}
