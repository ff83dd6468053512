import { afterNewline, isFull, isRecord, isStdout, record } from "./record.ts";

/** Docker cuts lines that are longer into messages of this length. */
export const pieceLength = 16 * 1024;

/**
 * Takes a message: `time` points at its time, start and end at its text. `newline` is false for a piece of a line that
 * goes on, and for text that was never ended. The buffers are valid during the call.
 */
export type TakeMessage = (
  stream: 1 | 2,
  times: Buffer,
  time: number,
  text: Buffer,
  start: number,
  end: number,
  newline: boolean,
) => void;

/** The line that one stream is in the middle of. */
interface Pending {
  text: Buffer;
  length: number;
  /** Time of the record that was last added; once a piece has gone out, the piece's time, which all its pieces share. */
  time: Buffer;
  cut: boolean;
}

/** Makes Docker's messages out of conmon's records: pieces of a line are joined, very long lines cut. */
export class Joiner {
  readonly #take: TakeMessage;
  readonly #pending: [Pending | undefined, Pending | undefined] = [undefined, undefined];

  constructor(take: TakeMessage) {
    this.#take = take;
  }

  /** Takes the whole records of `bytes` up to `end`, which begin at `start`; returns where the first cut one begins. */
  feed(bytes: Buffer, start: number, end: number): number {
    let at = start;
    for (;;) {
      const next = afterNewline(bytes, Math.min(at + record.contentAt, end), end);
      if (next !== -1 && isRecord(bytes, at, next)) {
        this.#add(bytes, at, next - 1);
        at = next;
        continue;
      }
      // Not a record, or cut: the next one may begin right behind the next newline.
      const behind = afterNewline(bytes, at, end);
      if (behind === -1) return at;
      at = behind;
    }
  }

  /** Hands out what was never ended by a newline: the process has ended. */
  finish(): void {
    for (const stream of [1, 2] as const) {
      const pending = this.#pending[stream - 1];
      if (pending !== undefined && pending.length > 0) this.#cut(stream, pending, false);
      this.#pending[stream - 1] = undefined;
    }
  }

  #add(bytes: Buffer, at: number, end: number): void {
    const stream = isStdout(bytes, at) ? 1 : 2;
    const full = isFull(bytes, at);
    const start = at + record.contentAt;
    let pending = this.#pending[stream - 1];
    if (pending === undefined) {
      if (full && end - start < pieceLength) {
        this.#take(stream, bytes, at, bytes, start, end, true);
        return;
      }
      pending = this.#pending[stream - 1] = newPending();
    }
    if (!pending.cut) bytes.copy(pending.time, 0, at, at + record.timeLength);
    this.#append(stream, pending, bytes, start, end);
    if (!full) return;
    this.#cut(stream, pending, true);
    this.#pending[stream - 1] = undefined;
  }

  #append(stream: 1 | 2, pending: Pending, bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const count = bytes.copy(pending.text, pending.length, at, Math.min(end, at + pieceLength - pending.length));
      pending.length += count;
      at += count;
      if (pending.length === pieceLength) this.#cut(stream, pending, false);
    }
  }

  #cut(stream: 1 | 2, pending: Pending, newline: boolean): void {
    this.#take(stream, pending.time, 0, pending.text, 0, pending.length, newline);
    pending.length = 0;
    pending.cut = true;
  }
}

function newPending(): Pending {
  return {
    text: Buffer.allocUnsafe(pieceLength),
    length: 0,
    time: Buffer.allocUnsafe(record.timeLength),
    cut: false,
  };
}
