import type { HttpResponse, RawWriter } from "../../api/client/index.ts";
import { createDemuxer } from "../../lib/index.ts";
import type { Output } from "../core/output.ts";
import { detachScanner } from "./detach-keys.ts";
import { rawMode } from "./terminal.ts";

export interface HijackOptions {
  /** Whether this process's standard input goes to the other side. */
  readonly stdin: boolean;
  /** undefined throws the stream away. */
  readonly out: Output | undefined;
  readonly err: Output | undefined;
  /** One raw stream instead of frames; this process's terminal then goes to raw mode. */
  readonly tty: boolean;
  /** Bytes of the sequence that detaches; only a terminal's input is watched for it. */
  readonly detachKeys: readonly number[];
}

/** How an attached session ended: the other side closed it, or the user typed the detach keys. */
export type SessionEnd = "closed" | "detached";

/** Restores the terminal if a session left it raw; for every way out of the process. */
let restore: () => void = () => undefined;
export const restoreTerminal = () => restore();

/** Carries bytes between this process and an upgraded connection until the other side closes, or the user detaches. */
export async function carry(response: HttpResponse, options: HijackOptions): Promise<SessionEnd> {
  const socket = response.upgraded;
  let detach: () => void = () => undefined;
  const detached = new Promise<SessionEnd>((resolve) => {
    detach = () => resolve("detached");
  });
  const stopInput = options.stdin && socket !== undefined ? sendInput(socket, options, detach) : () => undefined;
  const output = receive(response, options).then((): SessionEnd => "closed");
  try {
    return await Promise.race([output, detached]);
  } finally {
    stopInput();
    restoreTerminal();
  }
}

async function receive(response: HttpResponse, { tty, out, err }: HijackOptions): Promise<void> {
  if (tty) {
    await response.body.each((chunk) => void out?.write(chunk));
    return;
  }
  const demuxer = createDemuxer((stream, payload) => {
    if (stream === 2) err?.write(payload);
    else if (stream === 3) throw new Error(`error from daemon in stream: ${Buffer.from(payload).toString("utf8")}`);
    else out?.write(payload);
  });
  await response.body.each((chunk) => void demuxer.write(chunk));
}

/** Sends standard input, half-closing the connection at its end. Gives what stops that. */
function sendInput(socket: RawWriter, options: HijackOptions, detach: () => void): () => void {
  const { stdin } = process;
  const scan = stdin.isTTY && options.tty ? detachScanner(options.detachKeys) : undefined;
  if (options.tty) restore = rawMode(stdin);
  const onData = (chunk: Buffer) => {
    const { pass, detached } = scan?.(chunk) ?? { pass: chunk, detached: false };
    if (pass.length > 0 && !socket.write(pass)) {
      stdin.pause();
      void socket.drained().then(() => stdin.resume());
    }
    if (detached) detach();
  };
  stdin.on("data", onData);
  stdin.on("end", () => void socket.end());
  stdin.on("error", () => void socket.end());
  return () => {
    stdin.off("data", onData);
    stdin.pause();
  };
}
