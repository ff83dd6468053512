import { closeSync, fstatSync, openSync, readdirSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { codeOf } from "../../system/index.ts";

/** Names of a log's files in the order of their writing, the current one last. Numbers may have gaps. */
export function logFiles(path: string): string[] {
  const prefix = `${basename(path)}.`;
  const numbers = namesIn(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^[1-9]\d{0,5}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)));
  return [...numbers.sort((a, b) => b - a).map((number) => `${path}.${number}`), path];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** A file of the log, held open: it stays readable when it is renamed or removed. */
export interface LogFile {
  fd: number;
  inode: number;
  /** Bytes when it was opened. */
  size: number;
}

/**
 * Opens every file of the log, oldest first. Synchronous, as rotation is: none can come between, and only conmon's new
 * current file may.
 */
export function openLogFiles(path: string): LogFile[] {
  return logFiles(path)
    .map(openLogFile)
    .filter((file) => file !== undefined);
}

function openLogFile(path: string): LogFile | undefined {
  try {
    const fd = openSync(path, "r");
    const { ino, size } = fstatSync(fd);
    return { fd, inode: ino, size };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

export function closeLogFiles(files: readonly LogFile[]): void {
  for (const file of files) closeSync(file.fd);
}

/**
 * The file that was begun after this one, where there is one: then nothing more is written to this one. A file that was
 * removed meanwhile, or none, is followed by the oldest that there is.
 */
export function nextLogFile(path: string, file: LogFile | undefined): LogFile | undefined {
  const names = logFiles(path);
  const index =
    file === undefined ? -1 : names.findIndex((name) => statSync(name, { throwIfNoEntry: false })?.ino === file.inode);
  for (const name of names.slice(index + 1)) {
    const next = openLogFile(name);
    if (next !== undefined) return next;
  }
  return undefined;
}
