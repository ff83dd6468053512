import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Readable, Writable } from "node:stream";
import type { Engine } from "../../engine/index.ts";

/** One request, as a route sees it. */
export interface Call {
  readonly engine: Engine;
  /** API version that the client speaks, "1.24" to "1.51". */
  readonly version: string;
  /** Decoded parts of the path that the pattern names. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Aborts when the client hangs up or the server shuts down; for work that nobody would read the end of. */
  readonly signal: AbortSignal;
}

export interface PlainCall extends Call {
  readonly body: Readable;
  readonly reply: ServerResponse;
}

/** The two directions of a connection that has left HTTP. Both may be one socket. */
export interface Channel {
  readonly input: Readable;
  readonly output: Writable;
}

export interface HijackCall extends Call {
  /** The request's own body, at most `limit` bytes. Ask before `accept`. */
  readBody(limit: number): Promise<Buffer>;
  /** Sends the head of the answer (101 or 200, as the client asked) and hands over the raw connection. */
  accept(contentType: string): Promise<Channel>;
  /** Answers 200 without a body, in place of `accept`. */
  finish(): void;
}

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE";

interface RouteBase {
  readonly method: Method;
  /** "/containers/{id}/json"; a name with `...` takes slashes too: "/images/{name...}/json". */
  readonly path: string;
  /** First API version that has it. */
  readonly since?: string;
}

export interface PlainRoute extends RouteBase {
  handle(call: PlainCall): Promise<void>;
}

export interface HijackRoute extends RouteBase {
  hijack(call: HijackCall): Promise<void>;
}

export type Route = PlainRoute | HijackRoute;

/** Whether the route takes the connection over. */
export const isHijack = (route: Route): route is HijackRoute => "hijack" in route;

/** A route that answers once and leaves the connection to HTTP. */
export function route(method: Method, path: string, handle: PlainRoute["handle"], since?: string): PlainRoute {
  return { method, path, handle, ...(since === undefined ? {} : { since }) };
}
