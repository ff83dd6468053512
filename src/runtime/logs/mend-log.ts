import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { codeOf } from "../../system/index.ts";

const newline = 0x0a;

/**
 * Ends the last line of a log before another monitor appends to it: one that was killed may have left it cut, and the
 * next line would be lost in it. A log that is not there, or is whole, is left alone.
 */
export function mendLog(path: string): void {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const last = Buffer.alloc(1);
    if (size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== newline) writeSync(fd, "\n");
  } finally {
    closeSync(fd);
  }
}
