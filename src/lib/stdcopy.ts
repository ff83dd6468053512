import { BerthError } from "./errors.ts";

/** Number of a stream in Docker's framing: 0 stdin (unused), 1 stdout, 2 stderr, 3 an error of the daemon's. */
export type StreamNumber = 0 | 1 | 2 | 3;

export const frameHeaderLength = 8;
const lengthLimit = 0xffff_ffff;

/** The 8 bytes before a frame of `length` payload bytes: stream, 0, 0, 0, length big-endian (Engine API, "attach"). */
export function frameHeader(stream: StreamNumber, length: number): Buffer {
  if (!Number.isInteger(length) || length < 0 || length > lengthLimit)
    throw new RangeError(`a frame cannot have ${length} bytes`);
  const header = Buffer.alloc(frameHeaderLength);
  header[0] = stream;
  header.writeUInt32BE(length, 4);
  return header;
}

/** Takes frames out of a stream that is cut anywhere. */
export interface Demuxer {
  /** The next bytes. Throws "corrupt" where they are no frame; the demuxer then stays failed. */
  write(chunk: Uint8Array): void;
  /** The stream is over. Throws "corrupt" where that is inside a frame. */
  end(): void;
}

/**
 * A demuxer that hands payload on as it arrives: `onFrame` gets pieces of frames, views of the written chunk, never
 * empty and never across frames. It buffers no payload, so a frame of 4 GiB costs nothing.
 */
export function createDemuxer(onFrame: (stream: StreamNumber, payload: Uint8Array) => void): Demuxer {
  const header = Buffer.alloc(frameHeaderLength);
  let headerFilled = 0;
  let remaining = 0;
  let failure: BerthError | undefined;

  const readHeader = (chunk: Uint8Array, offset: number): number => {
    const take = Math.min(frameHeaderLength - headerFilled, chunk.length - offset);
    header.set(chunk.subarray(offset, offset + take), headerFilled);
    headerFilled += take;
    if (headerFilled === frameHeaderLength) {
      if (header.readUInt8(0) > 3) {
        failure = new BerthError("corrupt", `Unrecognized input header: ${header[0]}`);
        throw failure;
      }
      remaining = header.readUInt32BE(4);
      if (remaining === 0) headerFilled = 0;
    }
    return take;
  };

  const readPayload = (chunk: Uint8Array, offset: number): number => {
    const take = Math.min(remaining, chunk.length - offset);
    onFrame(header.readUInt8(0) as StreamNumber, chunk.subarray(offset, offset + take));
    remaining -= take;
    if (remaining === 0) headerFilled = 0;
    return take;
  };

  return {
    write(chunk) {
      if (failure !== undefined) throw failure;
      let offset = 0;
      while (offset < chunk.length)
        offset += headerFilled < frameHeaderLength ? readHeader(chunk, offset) : readPayload(chunk, offset);
    },
    end() {
      if (failure !== undefined) throw failure;
      if (headerFilled > 0) throw new BerthError("corrupt", "the stream ended inside a frame");
    },
  };
}
