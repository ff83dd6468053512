import { Joiner } from "./joiner.ts";
import type { LogFile } from "./log-files.ts";
import { isFull, isRecord } from "./record.ts";
import { createRecordReader, readAt } from "./record-reader.ts";

const windowSize = 64 * 1024;
/** Lines beyond those asked for: the streams interleave, and a line of one may hold pieces on both sides of the other's. */
const margin = 2;

/** Where to begin: a byte of a file, and how many messages from there on are not wanted. */
export interface LogStart {
  file: number;
  offset: number;
  skip: number;
}

/**
 * Where the last `count` messages of a log begin. `finished`: text at its end that no newline ended is a message too.
 * Looks at little more than those messages, whatever the size of the log.
 */
export async function findTail(files: readonly LogFile[], count: number, finished: boolean): Promise<LogStart> {
  const last = files.length - 1;
  if (count <= 0) return { file: last, offset: files[last]?.size ?? 0, skip: 0 };
  const from = await findLines(files, count + margin);
  const found = await countMessages(files, from, finished);
  return { ...from, skip: Math.max(0, found - count) };
}

type Position = Omit<LogStart, "skip">;

/** A place with at least so many whole lines (or all there are) behind it, found from the end. */
async function findLines(files: readonly LogFile[], lines: number): Promise<Position> {
  let wanted = lines;
  for (let file = files.length - 1; file >= 0; file--) {
    const { fd, size } = files[file] as LogFile;
    const found = await findInFile(fd, size, wanted);
    if (found.offset > 0) return { file, offset: found.offset };
    wanted -= found.lines;
    if (wanted <= 0) return { file, offset: 0 };
  }
  return { file: 0, offset: 0 };
}

/** Goes backwards through a file, window by window. Offset 0 where it has fewer lines than wanted. */
async function findInFile(fd: number, size: number, wanted: number): Promise<{ offset: number; lines: number }> {
  let lines = 0;
  for (let end = size; end > 0; ) {
    const { bytes, offset } = await readWindow(fd, end);
    const starts = lineStarts(bytes, offset === 0);
    const start = starts.at(lines - wanted);
    if (start !== undefined) return { offset: offset + start, lines: wanted };
    lines += starts.length;
    end = offset;
  }
  return { offset: 0, lines };
}

/** A window that ends at `end`, where a record begins or the file ends, and begins with a record too. */
async function readWindow(fd: number, end: number): Promise<{ bytes: Buffer; offset: number }> {
  for (let length = Math.min(windowSize, end); ; length = Math.min(length * 2, end)) {
    const bytes = Buffer.allocUnsafe(length);
    await readAt(fd, bytes, 0, length, end - length);
    if (length === end) return { bytes, offset: 0 };
    const first = bytes.indexOf(0x0a) + 1;
    if (first > 0 && first < length) return { bytes: bytes.subarray(first), offset: end - length + first };
  }
}

/** Where records begin that come after a line's end. */
function lineStarts(bytes: Buffer, atFileStart: boolean): number[] {
  const starts: number[] = [];
  let afterLine = atFileStart;
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, at);
    const next = newline === -1 ? bytes.length : newline + 1;
    if (isRecord(bytes, at, next)) {
      if (afterLine) starts.push(at);
      afterLine = isFull(bytes, at);
    }
    at = next;
  }
  return starts;
}

/** How many messages there are from a position to where the files ended when they were opened. */
async function countMessages(files: readonly LogFile[], from: Position, finished: boolean): Promise<number> {
  let count = 0;
  const joiner = new Joiner(() => {
    count++;
  });
  const reader = createRecordReader();
  for (const [index, file] of files.entries()) {
    if (index < from.file) continue;
    const start = index === from.file ? from.offset : 0;
    for await (const _ of reader.read(file, joiner, { from: start, limit: file.size }));
  }
  if (finished) joiner.finish();
  return count;
}
