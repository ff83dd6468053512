import { frameHeaderLength } from "../../lib/index.ts";

/** conmon's largest packet: one byte that names the stream, then what one read of 8192 bytes gave. */
const packetLimit = 8193;
const markLength = 1;
const smallSlab = 4 * (packetLimit + frameHeaderLength);
const largeSlab = 256 * 1024;

/** A run of payload in a chunk: bytes `start` to `end`, the 8 bytes before `start` being its frame header. */
export interface Segment {
  stream: 1 | 2;
  start: number;
  end: number;
}

/** Received bytes in Docker's framing: frames one after the other, and where their payloads are. */
export interface Chunk {
  bytes: Buffer;
  segments: Segment[];
}

/**
 * Memory into which packets are received so that they stand there framed, without a copy: the packet's mark falls on the
 * last byte of the 8-byte header, which is then written over it.
 */
export class PacketBuffer {
  #slab = Buffer.alloc(0);
  #begin = 0;
  #end = 0;
  #segments: Segment[] = [];
  #full: Chunk[] = [];
  #grow = false;

  /** Where the next packet belongs. */
  next(): Uint8Array {
    const need = frameHeaderLength - markLength + packetLimit;
    if (this.#slab.length - this.#end < need) {
      this.#close();
      this.#slab = Buffer.allocUnsafeSlow(this.#grow ? largeSlab : smallSlab);
      this.#begin = this.#end = 0;
      this.#grow = true;
    }
    const start = this.#end + frameHeaderLength - markLength;
    return this.#slab.subarray(start, start + packetLimit);
  }

  /** A packet of `length` bytes, its mark included, is where `next` said. */
  add(length: number): void {
    const mark = this.#slab[this.#end + frameHeaderLength - markLength];
    const stream = mark === 2 ? 1 : mark === 3 ? 2 : undefined;
    if (stream === undefined || length <= markLength) return;
    const start = this.#end + frameHeaderLength;
    const end = start + length - markLength;
    this.#slab.writeUInt32BE(stream << 24, this.#end);
    this.#slab.writeUInt32BE(end - start, this.#end + 4);
    this.#segments.push({ stream, start, end });
    this.#end = end;
  }

  /** Everything since the last call, in order. */
  take(): Chunk[] {
    if (this.#full.length === 0) this.#grow = this.#end - this.#begin > smallSlab / 2;
    this.#close();
    const taken = this.#full;
    this.#full = [];
    return taken;
  }

  #close(): void {
    if (this.#segments.length === 0) return;
    const begin = this.#begin;
    for (const segment of this.#segments) {
      segment.start -= begin;
      segment.end -= begin;
    }
    this.#full.push({ bytes: this.#slab.subarray(begin, this.#end), segments: this.#segments });
    this.#segments = [];
    this.#begin = this.#end;
  }
}
