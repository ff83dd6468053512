import { Readable, Writable } from "node:stream";
import { frameHeaderLength } from "../../lib/index.ts";
import type { Attachment, AttachStreams } from "../runtime.ts";
import type { Chunk } from "./packet-buffer.ts";

/** Bytes that one client's stream holds before the process has to wait for it. */
const highWaterMark = 256 * 1024;

export interface SessionOptions {
  tty: boolean;
  streams: AttachStreams;
  /** The client wants more. */
  onDrain: () => void;
  /** The client has left. */
  onLeave: () => void;
  /** Undefined where there is no stdin to write to. */
  write: ((bytes: Buffer) => Promise<void>) | undefined;
  onInputEnd: () => void;
}

/** One client of a hub. */
export interface Session {
  readonly attachment: Attachment;
  /** Whether it has asked to wait. */
  readonly blocked: boolean;
  give(chunk: Chunk): void;
  end(): void;
}

export function createSession(options: SessionOptions): Session {
  const { streams, tty } = options;
  const everything = streams.stdout && streams.stderr;
  let blocked = false;
  const output = new Readable({
    highWaterMark,
    read() {
      if (!blocked) return;
      blocked = false;
      options.onDrain();
    },
    destroy(error, callback) {
      input?.destroy();
      options.onLeave();
      callback(error);
    },
  });
  const push = (bytes: Buffer) => {
    if (!output.push(bytes)) blocked = true;
  };
  const input = options.write === undefined ? undefined : inputStream(options.write, options.onInputEnd);
  return {
    attachment: { tty, output, input, destroy: () => void output.destroy() },
    get blocked() {
      return blocked;
    },
    give({ bytes, segments }) {
      if (output.destroyed) return;
      if (everything && !tty) return push(bytes);
      for (const { stream, start, end } of segments)
        if (tty || (stream === 1 ? streams.stdout : streams.stderr))
          push(bytes.subarray(tty ? start : start - frameHeaderLength, end));
    },
    end() {
      if (!output.destroyed) output.push(null);
    },
  };
}

function inputStream(write: (bytes: Buffer) => Promise<void>, onEnd: () => void): Writable {
  return new Writable({
    write(bytes: Buffer, _encoding, callback) {
      // A process that has ended or closed its stdin reads no more: what was typed for it is dropped.
      write(bytes).then(
        () => callback(),
        () => callback(),
      );
    },
    final(callback) {
      onEnd();
      callback();
    },
  });
}
