import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { codeOf } from "../../system/index.ts";
import { afterNewline, isFull, isRecord, isStdout, record } from "./record.ts";

/** How much of a file's end and of a file's beginning is looked at. Far more than the pieces of one of Docker's messages. */
const windowSize = 64 * 1024;
/** In the place of the stream's first letter it makes a record into none, which readers skip. */
const struck = Buffer.from("-");

/**
 * To be called before `file` is dropped from the log: where it ends in the middle of a line, the rest of that line in
 * `next` is struck out, so that the log begins with a whole line. Of a line beyond 64 KiB, which readers give in pieces,
 * the later pieces stay. Files that are missing are no error.
 */
export function strikeRest(file: string, next: string): void {
  const cut = streamsCutAt(file);
  if (cut.size === 0) return;
  withFile(next, "r+", (fd) => {
    const bytes = readAt(fd, 0);
    for (const { at } of records(bytes, 0)) {
      const stdout = isStdout(bytes, at);
      if (!cut.has(stdout)) continue;
      writeSync(fd, struck, 0, 1, at + record.streamAt);
      if (isFull(bytes, at)) cut.delete(stdout);
      if (cut.size === 0) return;
    }
  });
}

/** The streams (true: stdout) whose last record in a file does not end its line. */
function streamsCutAt(file: string): Set<boolean> {
  const cut = new Set<boolean>();
  withFile(file, "r", (fd) => {
    const start = Math.max(0, fstatSync(fd).size - windowSize);
    const bytes = readAt(fd, start);
    for (const { at } of records(bytes, start === 0 ? 0 : afterNewline(bytes, 0, bytes.length))) {
      if (isFull(bytes, at)) cut.delete(isStdout(bytes, at));
      else cut.add(isStdout(bytes, at));
    }
  });
  return cut;
}

function* records(bytes: Buffer, from: number): Generator<{ at: number }> {
  for (let at = from; at >= 0; ) {
    const next = afterNewline(bytes, at, bytes.length);
    if (next !== -1 && isRecord(bytes, at, next)) yield { at };
    at = next;
  }
}

function readAt(fd: number, offset: number): Buffer {
  const bytes = Buffer.allocUnsafe(windowSize);
  return bytes.subarray(0, readSync(fd, bytes, 0, windowSize, offset));
}

function withFile(path: string, flags: "r" | "r+", act: (fd: number) => void): void {
  let fd: number;
  try {
    fd = openSync(path, flags);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  try {
    act(fd);
  } finally {
    closeSync(fd);
  }
}
