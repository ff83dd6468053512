import { Duplex, PassThrough, type Readable, type Writable } from "node:stream";
import { BerthError, invalid } from "../../lib/index.ts";
import { BUILD_FRAME, type BuildMessage, type BuildRequest } from "../../spec/api/index.ts";

const HEADER = 5;
/** More than any request or piece of an archive. */
const MAX_PAYLOAD = 64 * 1024 * 1024;
/** Bytes of a context that wait for whoever unpacks them. */
const CONTEXT_WINDOW = 4 * 1024 * 1024;

/** A build's connection, on the daemon's side. */
export interface FrameChannel {
  readonly request: Promise<BuildRequest>;
  /** The archive that the client sends, for a context of kind "tar". */
  readonly context: Readable;
  /** What is typed into the debug shell. */
  readonly shell: Readable;
  onResize(listener: (size: { height: number; width: number }) => void): () => void;
  send(message: BuildMessage): void;
  /** Resolves when the client takes more. */
  output(type: 2 | 5, data: Buffer): Promise<void>;
  /** A connection to the client's agent of that id. */
  ssh(id: string): Duplex;
  end(): void;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

export function openFrames(input: Readable, output: Writable, outer: AbortSignal): FrameChannel {
  const control = new AbortController();
  const context = new PassThrough({ highWaterMark: CONTEXT_WINDOW });
  const shell = new PassThrough();
  const resizes = new Set<(size: { height: number; width: number }) => void>();
  const channels = new Map<number, Duplex>();
  let number = 0;
  let over = false;
  let take: (request: BuildRequest) => void = () => {};
  let refuse: (error: Error) => void = () => {};
  const request = new Promise<BuildRequest>((resolve, reject) => {
    take = resolve;
    refuse = reject;
  });
  request.catch(() => {});
  context.on("error", () => {});

  const write = (type: number, payload: Uint8Array): boolean => {
    if (output.destroyed || output.writableEnded) return true;
    const header = Buffer.alloc(HEADER);
    header[0] = type;
    header.writeUInt32BE(payload.length, 1);
    output.write(header);
    return output.write(payload);
  };
  const leave = () => {
    if (over) return;
    const error = new BerthError("cancelled", "context canceled");
    control.abort(error);
    refuse(error);
    context.destroy(error);
    shell.end();
    for (const channel of channels.values()) channel.destroy();
  };
  const receive = async (type: number, payload: Buffer): Promise<void> => {
    if (type === BUILD_FRAME.json) take(parseRequest(payload));
    else if (type === BUILD_FRAME.ssh && payload.length >= 4) {
      const channel = channels.get(payload.readUInt32BE());
      channel?.push(payload.length > 4 ? payload.subarray(4) : null);
    } else if (type === BUILD_FRAME.shell) {
      if (payload.length === 0) shell.end();
      else shell.write(payload);
    } else if (type === BUILD_FRAME.resize) {
      const size = JSON.parse(payload.toString("utf8")) as { height: number; width: number };
      for (const listener of resizes) listener(size);
    } else if (type === BUILD_FRAME.context) {
      if (payload.length === 0) context.end();
      else if (!context.destroyed && !context.write(payload))
        await new Promise<void>((resolve) => {
          context.once("drain", resolve);
          context.once("close", resolve);
        });
    }
  };
  readFrames(input, receive).then(leave, (error: Error) => {
    refuse(error);
    leave();
  });
  outer.addEventListener("abort", leave, { once: true });
  output.on("error", leave);
  output.on("close", leave);

  return {
    request,
    context,
    shell,
    signal: control.signal,
    onResize(listener) {
      resizes.add(listener);
      return () => resizes.delete(listener);
    },
    send: (message) => void write(BUILD_FRAME.json, Buffer.from(JSON.stringify(message))),
    output(type, data) {
      if (write(type, data)) return Promise.resolve();
      return new Promise((resolve) => {
        const done = () => {
          output.off("drain", done).off("close", done);
          resolve();
        };
        output.once("drain", done).once("close", done);
      });
    },
    ssh(id) {
      const channel = number++;
      const label = Buffer.alloc(4);
      label.writeUInt32BE(channel);
      const tell = (data: Uint8Array) => write(BUILD_FRAME.ssh, Buffer.concat([label, data]));
      const stream = new Duplex({
        read() {},
        write(chunk: Buffer, _encoding, done) {
          tell(chunk);
          done();
        },
        final(done) {
          tell(Buffer.alloc(0));
          done();
        },
        destroy(error, done) {
          if (channels.delete(channel)) tell(Buffer.alloc(0));
          done(error);
        },
      });
      channels.set(channel, stream);
      write(BUILD_FRAME.json, Buffer.from(JSON.stringify({ ssh: { channel, id } } satisfies BuildMessage)));
      return stream;
    },
    end() {
      over = true;
      outer.removeEventListener("abort", leave);
      output.end();
      context.destroy();
    },
  };
}

function parseRequest(payload: Buffer): BuildRequest {
  try {
    const value = JSON.parse(payload.toString("utf8")) as BuildRequest | null;
    if (typeof value === "object" && value !== null && typeof value.context === "object") return value;
  } catch {
    // told below
  }
  throw invalid("the build's request does not read");
}

async function readFrames(input: Readable, receive: (type: number, payload: Buffer) => Promise<void>): Promise<void> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of input as AsyncIterable<Buffer>) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= HEADER) {
      const length = held.readUInt32BE(1);
      if (length > MAX_PAYLOAD) throw invalid("a frame of the build's connection is too long");
      if (held.length < HEADER + length) break;
      const frame = held;
      held = held.subarray(HEADER + length);
      await receive(frame[0] ?? 0, frame.subarray(HEADER, HEADER + length));
    }
  }
}
