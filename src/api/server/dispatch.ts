import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Engine } from "../../engine/index.ts";
import { BerthError, invalid, messageOf, notFound } from "../../lib/index.ts";
import { checkBrowser, type Exposure } from "./guard.ts";
import { acceptRaw, answerRaw, asksUpgrade, type Hijacked, readRawBody } from "./hijack.ts";
import { readBody } from "./json-body.ts";
import { headWasRead, type UnreadBytes } from "./read-ahead.ts";
import { type Call, type HijackCall, isHijack, type Route } from "./route.ts";
import { isServed, type Router } from "./router.ts";
import { statusOf } from "./status.ts";
import { API_VERSION, splitVersion, versionProblem } from "./versions.ts";

/** How long a client may go on sending a body that was refused. */
const DROP_MS = 10_000;

/** What serves requests, whichever listener they came by. */
export interface Dispatcher {
  /** Answers one request. Never rejects. */
  handle(request: IncomingMessage, reply: ServerResponse, exposure: Exposure): Promise<void>;
  /** Serves a request that has left HTTP. Never rejects. */
  takeOver(hijacked: Hijacked, exposure: Exposure): Promise<void>;
  /** Whether a request, seen at its head only, is one that leaves HTTP. */
  leavesHttp(request: IncomingMessage): boolean;
}

export interface DispatcherOptions {
  engine: Engine;
  router: Router;
  /** Headers of every answer. */
  common: Readonly<Record<string, string>>;
  /** Aborts when the server shuts down: ends streams that would go on for ever. */
  closing: AbortSignal;
  log: RequestLog;
  unread?: UnreadBytes | undefined;
}

/** Told of every request; `error` is there where it failed. */
export type RequestLog = (entry: { method: string; url: string; status: number; error?: unknown }) => void;

interface Target {
  readonly route: Route;
  readonly call: Omit<Call, "signal">;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { engine, router, common, closing, log } = options;

  const find = (request: IncomingMessage, exposure: Exposure): Target => {
    checkBrowser(request, exposure);
    const { version, path, query } = parseTarget(request.url ?? "");
    const match = router.match(request.method ?? "", path);
    if (match === undefined) throw notFound("page not found");
    const problem = version === undefined ? undefined : versionProblem(version);
    if (problem !== undefined) throw invalid(problem);
    const spoken = version ?? API_VERSION;
    if (!isServed(match.route, spoken)) throw notFound("page not found");
    const { route, params } = match;
    return {
      route,
      call: { engine, version: spoken, params, query: new URLSearchParams(query), headers: request.headers },
    };
  };

  const report = (request: IncomingMessage, status: number, error?: unknown) =>
    log({ method: request.method ?? "", url: request.url ?? "", status, ...(error === undefined ? {} : { error }) });

  return {
    async handle(request, reply, exposure) {
      const { socket } = request; // the request lets go of it when it is destroyed
      const hangUp = lazySignal(closing, (abort) => {
        if (reply.closed) return abort();
        socket.once("end", abort);
        reply.once("close", () => {
          socket.off("end", abort);
          abort();
        });
      });
      try {
        for (const [name, value] of Object.entries(common)) reply.setHeader(name, value);
        const { route, call } = find(request, exposure);
        const plain = withSignal(call, hangUp);
        if (isHijack(route)) await route.hijack(overHttp(plain, request, reply));
        else await route.handle(Object.assign(plain, { body: request, reply }));
        report(request, reply.statusCode);
      } catch (error) {
        report(request, statusOf(error), error);
        fail(request, reply, error);
      }
    },

    async takeOver(hijacked, exposure) {
      const { request, socket } = hijacked;
      let accepted = false;
      socket.on("error", () => {});
      const hangUp = lazySignal(closing, (abort) => socket.once("close", abort));
      try {
        const { route, call } = find(request, exposure);
        if (!isHijack(route)) throw invalid("this endpoint does not upgrade its connection");
        const withBody: Pick<HijackCall, "readBody" | "accept" | "finish"> = {
          readBody: (limit) => readRawBody(hijacked, limit),
          async accept(contentType) {
            accepted = true;
            const channel = acceptRaw(hijacked, contentType, common);
            await headWasRead(hijacked, options.unread);
            return channel;
          },
          finish() {
            accepted = true;
            answerRaw(socket, 200, "", common);
          },
        };
        await route.hijack(Object.assign(withSignal(call, hangUp), withBody));
        report(request, asksUpgrade(request) ? 101 : 200);
      } catch (error) {
        report(request, statusOf(error), error);
        if (accepted) socket.destroy();
        else answerRaw(socket, statusOf(error), errorBody(error), common);
      }
    },

    leavesHttp(request) {
      // a chunked body is the parser's work: such a request is served as HTTP, its body being the stream
      if (request.method !== "POST" || request.headers["transfer-encoding"] !== undefined) return false;
      try {
        const match = router.match("POST", parseTarget(request.url ?? "").path);
        return match !== undefined && isHijack(match.route);
      } catch {
        return false;
      }
    },
  };
}

/** Splits a request target into version, decoded path and query text. Fails "invalid" on a broken escape. */
function parseTarget(url: string): { version: string | undefined; path: string; query: string } {
  const mark = url.indexOf("?");
  const raw = mark < 0 ? url : url.slice(0, mark);
  let decoded = raw;
  try {
    if (raw.includes("%")) decoded = decodeURIComponent(raw);
  } catch {
    throw invalid(`invalid URL escape in ${JSON.stringify(raw.slice(0, 200))}`);
  }
  if (decoded.includes("\0")) throw invalid("invalid URL: NUL byte");
  return { ...splitVersion(decoded), query: mark < 0 ? "" : url.slice(mark + 1) };
}

/** The call with a `signal` that is made only when a route asks for it. */
function withSignal(call: Omit<Call, "signal">, signal: () => AbortSignal): Call {
  return Object.defineProperty({ ...call } as Call, "signal", { get: signal, enumerable: true });
}

function lazySignal(closing: AbortSignal, onHangUp: (abort: () => void) => void): () => AbortSignal {
  let controller: AbortController | undefined;
  return () => {
    if (controller !== undefined) return controller.signal;
    const made = new AbortController();
    controller = made;
    const abort = () => {
      closing.removeEventListener("abort", abort);
      made.abort();
    };
    closing.addEventListener("abort", abort);
    if (closing.aborted) abort();
    onHangUp(abort);
    return made.signal;
  };
}

/** A hijack route for a client that sends its stream as a chunked body: the two directions are the HTTP bodies. */
function overHttp(call: Call, request: IncomingMessage, reply: ServerResponse): HijackCall {
  return Object.assign(call, {
    readBody: (limit: number) => readBody(request, limit),
    async accept(contentType: string) {
      reply.writeHead(200, { "Content-Type": contentType });
      reply.flushHeaders();
      return { input: request, output: reply };
    },
    finish: () => void reply.writeHead(200, { "Content-Length": 0 }).end(),
  });
}

const errorBody = (error: unknown) => {
  const hint = error instanceof BerthError ? error.hint : undefined;
  return `${JSON.stringify({ message: messageOf(error), ...(hint === undefined ? {} : { hint }) })}\n`;
};

/** Ends an answer with an error: as Docker's JSON where nothing was sent, by cutting the connection otherwise. */
function fail(request: IncomingMessage, reply: ServerResponse, error: unknown): void {
  if (reply.headersSent) {
    reply.destroy();
    return;
  }
  const status = statusOf(error);
  const body = status === 304 ? "" : errorBody(error);
  const headers =
    status === 304 ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  cutOffLater(request);
  reply.writeHead(status, headers);
  reply.end(body);
}

/** What is left of a refused body is read and dropped for a while, so that the client gets to read the answer. */
function cutOffLater(request: IncomingMessage): void {
  const { "content-length": length = "0", "transfer-encoding": chunked } = request.headers;
  if (request.complete || (length === "0" && chunked === undefined)) return;
  const socket = request.socket as Socket | null;
  if (socket === null) return; // the request was destroyed, by whoever read its body
  const timer = setTimeout(() => {
    if (!request.complete) socket.destroy();
  }, DROP_MS);
  timer.unref();
  request.once("close", () => clearTimeout(timer));
}
