import { BerthError } from "../../../lib/index.ts";

const HEADER = 5;
/** More than any event or piece of an archive. */
const MAX_PAYLOAD = 64 * 1024 * 1024;

/** One frame of a build's connection: a type, a length, a payload. */
export function encodeFrame(type: number, payload: Uint8Array | string): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
  const frame = Buffer.allocUnsafe(HEADER + bytes.length);
  frame[0] = type;
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, HEADER);
  return frame;
}

/**
 * Takes a connection's bytes apart into frames. `onFrame` may give a promise: the next frame waits for it. Kind
 * "corrupt" for a length beyond 64 MiB, or a frame that is cut off (`end`).
 */
export function createFrameReader(onFrame: (type: number, payload: Buffer) => undefined | Promise<void>) {
  let held: Buffer = Buffer.alloc(0);
  return {
    async write(chunk: Buffer): Promise<void> {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      while (held.length >= HEADER) {
        const length = held.readUInt32BE(1);
        if (length > MAX_PAYLOAD) throw new BerthError("corrupt", "the daemon sent a frame that is too long");
        if (held.length < HEADER + length) return;
        const frame = held;
        held = held.subarray(HEADER + length);
        const waits = onFrame(frame[0] ?? 0, frame.subarray(HEADER, HEADER + length));
        if (waits !== undefined) await waits;
      }
    },
    end(): void {
      if (held.length > 0) throw new BerthError("corrupt", "the daemon's connection ended within a message");
    },
  };
}
