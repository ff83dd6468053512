import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { posix } from "node:path";
import { CliError } from "../core/cli-error.ts";
import { base, type CopyEnd, clean, keepEnding, rebaseName, splitEntry } from "./paths.ts";

/** A path of the user's, absolute, with its ending. */
export const localPath = (path: string): string => keepEnding(clean(posix.resolve(path)), path);

const GO_WORDS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  EACCES: "permission denied",
  ELOOP: "too many levels of symbolic links",
};

function asGo<T>(call: string, path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new CliError(`${call} ${path}: ${GO_WORDS[code] ?? message}`);
  }
}

/** What is copied from here. Links before the last component are followed, the last one with `followLink` or a trailing slash. */
export function localSource(path: string, followLink: boolean): CopyEnd {
  const { path: found, name } = followLink ? followed(path) : parentsFollowed(path);
  const stat = asGo("lstat", found, () => lstatSync(found));
  return {
    path: found,
    exists: true,
    isDirectory: stat.isDirectory(),
    ...(name === "" ? {} : { rebaseName: name }),
  };
}

function followed(path: string): { path: string; name: string } {
  return rebaseName(
    path,
    asGo("lstat", path, () => realpathSync(path)),
  );
}

function parentsFollowed(path: string): { path: string; name: string } {
  const slash = path.lastIndexOf("/");
  const parent = path.slice(0, slash + 1);
  const real = asGo("lstat", clean(parent), () => realpathSync(parent === "" ? "." : parent));
  const found = `${real.replace(/\/$/, "")}/${path.slice(slash + 1)}`;
  const name = path.endsWith("/") && base(path) !== base(found) ? base(path) : "";
  return { path: found, name };
}

const MAX_LINKS = 10;

/** Where something is copied to here: a link at the end is followed, also one that leads to nothing yet. */
export function localDestination(given: string): CopyEnd {
  let path = given;
  let stat = lstatIfAny(path);
  for (let links = 0; stat?.isSymbolicLink(); links++) {
    if (links > MAX_LINKS) throw new CliError("too many symlinks in path");
    const target = readlinkSync(path.replace(/\/+$/, ""));
    path = target.startsWith("/") ? target : clean(posix.join(splitEntry(path).folder, target));
    stat = lstatIfAny(path);
  }
  if (stat !== undefined) return { path, exists: true, isDirectory: stat.isDirectory() };
  const { folder } = splitEntry(path);
  const parent = asGo("stat", folder, () => statSync(folder));
  if (!parent.isDirectory()) throw new CliError("not a directory");
  return { path, exists: false, isDirectory: false };
}

function lstatIfAny(path: string): Stats | undefined {
  return asGo("lstat", path, () => lstatSync(path, { throwIfNoEntry: false }));
}

/** Refuses what cannot be written to before anything is asked of the daemon. */
export function checkDestination(path: string): void {
  const folder = posix.dirname(clean(path));
  if (folder !== "." && statSync(folder, { throwIfNoEntry: false }) === undefined)
    throw new CliError(`invalid output path: directory "${folder}" does not exist`);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.isDirectory() || stat.isFile()) return;
  const why = stat.isCharacterDevice() || stat.isBlockDevice() ? "got a device" : undefined;
  if (why !== undefined)
    throw new CliError(`invalid output path: "${path}" must be a directory or a regular file: ${why}`);
}
