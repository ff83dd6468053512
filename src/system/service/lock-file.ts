import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { BerthError } from "../../lib/index.ts";
import { check, codeOf, declare } from "../ffi.ts";

const flock = declare("int flock(int fd, int operation)");
const LOCK_EX_NB = 2 | 4;

export interface FileLock {
  /** Gives the lock up. The file stays: removing it would let two processes lock two files of one name. */
  release(): void;
}

/**
 * Locks a file for this process alone, and writes the pid into it. The kernel drops the lock when the process ends,
 * however it ends; children do not inherit it. Fails "conflict" where another process holds it.
 */
export function lockFile(path: string): FileLock {
  // Node opens with O_CLOEXEC
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    check("flock", flock(fd, LOCK_EX_NB), path);
  } catch (error) {
    const holder = readFileSync(fd, "utf8").trim();
    closeSync(fd);
    if (codeOf(error) !== "EAGAIN" && codeOf(error) !== "EWOULDBLOCK") throw error;
    throw new BerthError("conflict", `${path} is locked by process ${/^\d+$/.test(holder) ? holder : "unknown"}`);
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`, 0);
  return { release: () => closeSync(fd) };
}
