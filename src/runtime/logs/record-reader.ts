import { read } from "node:fs";
import { promisify } from "node:util";
import type { Joiner } from "./joiner.ts";
import type { LogFile } from "./log-files.ts";

/** Reads a descriptor at an offset; resolves with the number of bytes. */
export const readAt = promisify(read);

const readSize = 256 * 1024;
const recordLimit = 64 * 1024;

/** Reads records of log files in large pieces into a joiner. */
export interface RecordReader {
  /**
   * Whole records from an offset (of the call before unless given) to the file's present end, or to `limit`. Yields after
   * each piece.
   */
  read(file: LogFile, joiner: Joiner, range?: { from?: number; limit?: number }): AsyncGenerator<void>;
}

export function createRecordReader(): RecordReader {
  const buffer = Buffer.allocUnsafeSlow(readSize);
  let offset = 0;
  return {
    async *read(file, joiner, { from = offset, limit = Number.POSITIVE_INFINITY } = {}) {
      offset = from;
      for (let held = 0; ; ) {
        const room = Math.min(readSize - held, limit - offset - held);
        if (room <= 0) return;
        const { bytesRead } = await readAt(file.fd, buffer, held, room, offset + held);
        if (bytesRead === 0) return;
        const end = held + bytesRead;
        let used = joiner.feed(buffer, 0, end);
        if (used === 0 && end >= recordLimit) used = end; // no record is that long: it is damage
        buffer.copyWithin(0, used, end);
        held = end - used;
        offset += used;
        yield;
      }
    },
  };
}
