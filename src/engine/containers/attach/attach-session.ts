import { PassThrough, type Readable, type Writable } from "node:stream";
import type { Attachment } from "../../../runtime/index.ts";
import type { AttachSession } from "../../engine.ts";
import type { PendingAttach } from "../container.ts";
import { createDetachWatch } from "./detach-keys.ts";

export interface SessionOptions {
  tty: boolean;
  streams: { stdin: boolean; stdout: boolean; stderr: boolean };
  /** Bytes of the key sequence that detaches; undefined where none is looked for. */
  detachKeys: Buffer | undefined;
  onDetach: () => void;
  /** Output ends no sooner than this: a client that sees the end may ask for the exit code at once. */
  settled?: Promise<void>;
}

/**
 * A session that can be handed out before there is a process: output and input are streams of its own, joined to the
 * process's when that comes. Destroying it lets go of the process.
 */
export interface OpenSession extends AttachSession, PendingAttach {
  /** Joins a process; output that `before` gives comes first. */
  join(attachment: Attachment, before?: Readable): void;
}

export function openSession({ tty, streams, detachKeys, onDetach, settled }: SessionOptions): OpenSession {
  const output = new PassThrough();
  let attachment: Attachment | undefined;
  let closed = false;
  const end = () => {
    if (closed) return;
    closed = true;
    output.end();
  };
  const destroy = () => {
    closed = true;
    attachment?.destroy();
    output.destroy();
    input?.destroy();
  };
  const detach = () => {
    attachment?.destroy();
    end();
    onDetach();
  };
  const input: Writable | undefined = streams.stdin
    ? detachKeys === undefined
      ? new PassThrough()
      : createDetachWatch(detachKeys, detach)
    : undefined;
  // Streams without a listener would throw: whoever reads the session hears of its end by "close".
  output.on("error", () => {});
  input?.on("error", () => {});
  const join = (joined: Attachment, before?: Readable) => {
    attachment = joined;
    if (closed) {
      joined.destroy();
      return;
    }
    joinOutput(joined, before, output, () => void (settled ?? Promise.resolve()).then(end));
    joinInput(input, joined);
  };
  return {
    tty,
    output,
    input,
    destroy,
    end,
    join,
    connect: async (attach) => join(await attach(streams)),
  };
}

function joinOutput(from: Attachment, before: Readable | undefined, output: PassThrough, end: () => void): void {
  const live = () => {
    from.output.on("error", end).on("end", end);
    from.output.pipe(output, { end: false });
  };
  if (before === undefined) {
    live();
    return;
  }
  before.on("error", live).on("end", live);
  before.pipe(output, { end: false });
}

function joinInput(input: Writable | undefined, { input: stdin }: Attachment): void {
  if (input === undefined) return;
  const source = input as PassThrough;
  if (stdin === undefined) {
    source.resume();
    return;
  }
  // A process that has closed its stdin: what is typed after that is dropped.
  const drop = () => {
    source.unpipe(stdin);
    source.resume();
  };
  stdin.on("error", drop).on("close", drop);
  source.pipe(stdin);
}
