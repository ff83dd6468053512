import { frameHeaderLength } from "../../lib/index.ts";

const slabSize = 256 * 1024;

/** What a message consists of: a time and the text, as ranges of bytes that stand elsewhere. */
export interface Range {
  bytes: Buffer;
  start: number;
  end: number;
}

/** How messages look on the wire. */
export interface OutputForm {
  framed: boolean;
  timestamps: boolean;
  prefix: Buffer;
}

/** Puts messages together into large pieces of output; no object is made for a line. */
export class OutputBuffer {
  readonly #form: OutputForm;
  #slab: Buffer = Buffer.alloc(0);
  #begin = 0;
  #end = 0;
  #full: Buffer[] = [];

  constructor(form: OutputForm) {
    this.#form = form;
  }

  /** One message: `time` is where its 29 characters of time begin. */
  add(stream: 1 | 2, times: Buffer, time: number, text: Buffer, start: number, end: number, newline: boolean): void {
    const { framed, timestamps, prefix } = this.#form;
    const length = (timestamps ? 31 : 0) + prefix.length + (end - start) + (newline ? 1 : 0);
    this.#reserve(length + frameHeaderLength);
    const slab = this.#slab;
    let at = this.#end;
    if (framed) at = writeHeader(slab, at, stream, length);
    if (timestamps) {
      at = copy(times, time, time + 29, slab, at);
      slab[at++] = 0x5a; // Z
      slab[at++] = 0x20;
    }
    if (prefix.length > 0) at = copy(prefix, 0, prefix.length, slab, at);
    at = copy(text, start, end, slab, at);
    if (newline) slab[at++] = 0x0a;
    this.#end = at;
  }

  /** The output since the last call. */
  take(): Buffer[] {
    this.#close();
    const taken = this.#full;
    this.#full = [];
    return taken;
  }

  #reserve(length: number): void {
    if (this.#slab.length - this.#end >= length) return;
    this.#close();
    this.#slab = Buffer.allocUnsafeSlow(Math.max(slabSize, length));
    this.#begin = this.#end = 0;
  }

  #close(): void {
    if (this.#end > this.#begin) this.#full.push(this.#slab.subarray(this.#begin, this.#end));
    this.#begin = this.#end;
  }
}

function writeHeader(slab: Buffer, at: number, stream: number, length: number): number {
  slab[at] = stream;
  slab[at + 1] = slab[at + 2] = slab[at + 3] = 0;
  slab[at + 4] = length >>> 24;
  slab[at + 5] = length >>> 16;
  slab[at + 6] = length >>> 8;
  slab[at + 7] = length;
  return at + frameHeaderLength;
}

function copy(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  if (end - start > 64) return at + from.copy(to, at, start, end);
  for (let index = start; index < end; index++) to[at++] = from[index] as number;
  return at;
}
