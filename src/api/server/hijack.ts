import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex, Readable, Writable } from "node:stream";
import type { AttachSession } from "../../engine/index.ts";
import { invalid } from "../../lib/index.ts";
import type { Channel } from "./route.ts";
import { ExchangeError } from "./status.ts";

/** How long a client may go on sending after everything was said to it, before the connection is cut. */
const LINGER_MS = 5_000;
/** How often a connection whose client has ended its sending is tried. */
const PROBE_MS = 5_000;
const BODY_TIMEOUT_MS = 60_000;

/** A connection that Node's HTTP parser has let go of. What it had read too far is back in front of the socket. */
export interface Hijacked {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
}

/** Whether a request asks to leave HTTP by the Upgrade header. */
export const asksUpgrade = (request: IncomingMessage) => request.headers.upgrade !== undefined;

/**
 * Takes a request's body off the raw connection by its Content-Length and puts back what follows: those bytes belong
 * to the stream. Fails "invalid" on another framing or an early end, 413 past `limit`, 408 after a minute.
 */
export function readRawBody(hijacked: Hijacked, limit: number): Promise<Buffer> {
  const { request, socket } = hijacked;
  const length = Number(request.headers["content-length"] ?? 0);
  if (request.headers["transfer-encoding"] !== undefined)
    return Promise.reject(
      invalid("a request that upgrades its connection needs Content-Length, not Transfer-Encoding"),
    );
  if (length > limit) return Promise.reject(new ExchangeError(413, `request body is larger than ${limit} bytes`));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (done: () => void) => {
      clearTimeout(timer);
      socket.off("readable", take).off("end", early).off("close", early);
      done();
    };
    const early = () => settle(() => reject(invalid("the request body ended early")));
    const timer = setTimeout(
      () => settle(() => reject(new ExchangeError(408, "the request body took too long"))),
      BODY_TIMEOUT_MS,
    );
    const take = () => {
      for (
        let chunk = socket.read() as Buffer | null;
        chunk !== null && size < length;
        chunk = socket.read() as Buffer | null
      ) {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= length) break;
      }
      if (size < length) return;
      const all = Buffer.concat(chunks);
      settle(() => {
        if (all.length > length) socket.unshift(all.subarray(length));
        resolve(all.subarray(0, length));
      });
    };
    if (length === 0) return settle(() => resolve(Buffer.alloc(0)));
    socket.on("readable", take).on("end", early).on("close", early);
    take();
  });
}

/** Sends the head of the answer that turns the connection into a raw stream, as Docker spells it. */
export function acceptRaw(hijacked: Hijacked, contentType: string, common: Readonly<Record<string, string>>): Channel {
  const { request, socket } = hijacked;
  const upgrade = asksUpgrade(request);
  const lines = upgrade
    ? ["HTTP/1.1 101 UPGRADED", `Content-Type: ${contentType}`, "Connection: Upgrade", "Upgrade: tcp"]
    : ["HTTP/1.1 200 OK", `Content-Type: ${contentType}`];
  socket.write(`${[...lines, ...headerLines(common)].join("\r\n")}\r\n\r\n`);
  return { input: socket, output: socket };
}

/** Answers on the raw connection with a whole HTTP message, then closes it. */
export function answerRaw(
  socket: Duplex,
  status: number,
  body: string,
  common: Readonly<Record<string, string>>,
): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}`,
    ...headerLines(common),
    ...(body === "" ? [] : ["Content-Type: application/json"]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  if (socket.writable) socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
  linger(socket, socket);
}

const headerLines = (headers: Readonly<Record<string, string>>) =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

/** A session that fails before it is joined must not be an unhandled error: `joinSession` sees it then. */
export function guard(session: AttachSession): void {
  session.output.on("error", () => {});
  session.input?.on("error", () => {});
}

/**
 * Joins an attached process and a client until the process's output has ended or the client is gone. The client's end
 * of sending ends the process's stdin; its hang-up detaches and leaves the process alone. Never rejects.
 */
export function joinSession(session: AttachSession, channel: Channel, signal: AbortSignal): Promise<void> {
  const { input, output } = channel;
  return new Promise((resolve) => {
    let over = false;
    const stopWatching = watchForHangUp(channel);
    const finish = () => {
      if (over) return;
      over = true;
      stopWatching();
      signal.removeEventListener("abort", hangUp);
      session.destroy();
      resolve();
    };
    const hangUp = () => {
      output.destroy();
      input.destroy();
      finish();
    };
    signal.addEventListener("abort", hangUp);
    output.on("close", finish).on("error", finish);
    input.on("error", finish);
    session.output.on("error", hangUp);
    session.output.on("end", () => {
      linger(input, output);
      finish();
    });
    session.output.pipe(output);
    forwardInput(session, input);
    if (signal.aborted || output.destroyed || session.output.errored) hangUp();
  });
}

function forwardInput(session: AttachSession, input: Readable): void {
  const stdin = session.input;
  if (stdin === undefined) {
    input.resume();
    return;
  }
  // a process that has closed its stdin: what the client still sends is read and dropped, so that its hang-up is seen
  const drop = () => {
    input.unpipe(stdin);
    input.resume();
  };
  stdin.on("error", drop).on("close", drop);
  input.pipe(stdin);
}

/**
 * A client that has ended its sending may be gone altogether, and a quiet process would never tell: an empty write
 * fails on a unix socket whose peer has closed, and does nothing on one that is half-closed. Returns what stops it.
 */
function watchForHangUp(channel: Channel): () => void {
  let timer: NodeJS.Timeout | undefined;
  const probe = () => {
    if (channel.output.writable && channel.output.writableLength === 0) channel.output.write(Buffer.alloc(0));
  };
  const begin = () => {
    timer ??= setInterval(probe, PROBE_MS).unref();
  };
  if (channel.input.readableEnded) begin();
  else channel.input.on("end", begin);
  return () => {
    channel.input.off("end", begin);
    clearInterval(timer);
  };
}

/** Lets all that was written reach the client, reads what it still sends, and closes when both are over. */
function linger(input: Readable, output: Writable): void {
  let timer: NodeJS.Timeout | undefined;
  const close = () => {
    clearTimeout(timer);
    output.destroy();
    input.destroy();
  };
  const step = () => {
    if (!output.writableFinished) return;
    if (input.readableEnded || input.destroyed) close();
    else timer ??= setTimeout(close, LINGER_MS).unref();
  };
  output.on("finish", step).on("error", close);
  input.on("end", step).on("close", step).on("error", close);
  input.unpipe();
  input.resume();
  step();
}
