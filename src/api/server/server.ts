import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type ServerOptions as TlsOptions } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Engine } from "../../engine/index.ts";
import { createConnections } from "./connections.ts";
import { createDispatcher, type RequestLog } from "./dispatch.ts";
import type { Exposure } from "./guard.ts";
import { answerRaw } from "./hijack.ts";
import { decideUpgrades } from "./hijack-parser.ts";
import type { UnreadBytes } from "./read-ahead.ts";
import { createRouter } from "./router.ts";
import { routes } from "./routes/index.ts";
import { API_VERSION } from "./versions.ts";

/** As Go's server has it: room for long queries (filters, build arguments) and registry credentials. */
const HEADER_LIMIT = 1024 * 1024;
/** For the head alone; bodies may be archives and take as long as they take. */
const HEADERS_TIMEOUT_MS = 60_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;

export interface ApiServerOptions {
  engine: Engine;
  /** The engine's version, for the Server header. */
  version: string;
  experimental?: boolean;
  /** Told of every request once it is answered. */
  log?: RequestLog;
  /** Tells how many bytes of a socket its peer has not read; for clients that cannot take head and output together. */
  unread?: UnreadBytes;
}

export interface EndpointOptions {
  exposure: Exposure;
  /** Serves TLS with this key and certificate, plain HTTP unless given. */
  tls?: Pick<TlsOptions, "key" | "cert" | "ca" | "requestCert" | "rejectUnauthorized" | "minVersion">;
}

/** The Engine API over any number of listeners. */
export interface ApiServer {
  /** An HTTP server for one listener; the caller makes it listen. */
  endpoint(options: EndpointOptions): Server;
  /**
   * Stops: no new connections, streams without an end are cut, other requests get `graceMs` to be answered. Resolves
   * when every connection is closed.
   */
  close(graceMs: number): Promise<void>;
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { engine, version, experimental = false, log = () => {}, unread } = options;
  const closing = new AbortController();
  // every stream without an end listens
  setMaxListeners(0, closing.signal);
  const common = {
    "Api-Version": API_VERSION,
    "Docker-Experimental": String(experimental),
    Ostype: "linux",
    Server: `Berth/${version} (linux)`,
  };
  const dispatcher = createDispatcher({
    engine,
    router: createRouter(routes),
    common,
    closing: closing.signal,
    log,
    unread,
  });
  const servers = new Set<Server>();
  const connections = createConnections();

  return {
    endpoint({ exposure, tls }) {
      const settings = {
        maxHeaderSize: HEADER_LIMIT,
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: 0,
        keepAliveTimeout: 0,
      };
      const secure = { ...settings, ...tls, allowHalfOpen: true, handshakeTimeout: HANDSHAKE_TIMEOUT_MS };
      // half-open, because a client's end of sending is the end of a process's stdin
      const server = tls ? createSecureServer(secure) : createServer(settings);
      // node:http would end a connection when the client has stopped sending, before its answer was written
      Object.assign(server, { httpAllowHalfOpen: true });
      server.on("connection", keepAlive);
      if (tls) server.on("connection", (socket: Socket) => connections.addHandshake(socket));
      const event = tls ? "secureConnection" : "connection";
      server.on(event, (socket: Socket) => connections.add(socket));
      decideUpgrades(server, event, dispatcher.leavesHttp);
      server.on("request", (request: IncomingMessage, reply: ServerResponse) => {
        reply.on("error", () => {}).on("close", connections.begin(request.socket));
        void dispatcher.handle(request, reply, exposure);
      });
      server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        if (head.length > 0) socket.unshift(head);
        void dispatcher.takeOver({ request, socket }, exposure).finally(connections.begin(socket));
      });
      server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => refuse(error, socket, common));
      servers.add(server);
      return server;
    },

    async close(graceMs) {
      const closed = [...servers].map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      closing.abort();
      connections.drain();
      const timer = setTimeout(connections.destroyAll, graceMs);
      await Promise.all(closed);
      clearTimeout(timer);
    },
  };
}

/** Finds out about a peer on another machine that has vanished without a word. */
function keepAlive(socket: Socket): void {
  if (socket.remoteAddress !== undefined) socket.setKeepAlive(true, 30_000);
}

const refusals: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, "the request's head is too large"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "the request's head took too long"],
};

/** Answers what is no HTTP, then closes: a connection whose framing is lost cannot be used again. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex, common: Readonly<Record<string, string>>): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, message] = refusals[error.code ?? ""] ?? [400, "malformed HTTP request"];
  answerRaw(socket, status, `${JSON.stringify({ message })}\n`, common);
}
