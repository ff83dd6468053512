import * as http from "node:http";
import * as https from "node:https";
import type { Readable } from "node:stream";
import { BerthError } from "../../lib/index.ts";
import { networkError } from "./network-error.ts";

export interface Timeouts {
  /** Milliseconds until the answer's headers are there, the connection included. */
  headers: number;
  /** Milliseconds without a byte while one is waited for. */
  stall: number;
}

const defaultTimeouts: Timeouts = { headers: 60_000, stall: 60_000 };

export interface TlsFiles {
  ca?: string | Buffer | (string | Buffer)[];
  cert?: string | Buffer;
  key?: string | Buffer;
}

export interface HttpRequest {
  method: "GET" | "HEAD" | "POST" | "PUT";
  url: URL;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** A large body, opened when it is sent, and again when it has to be sent again. */
  content?: Content | undefined;
  /** Certificates are not verified. */
  insecure: boolean;
  signal?: AbortSignal | undefined;
}

export interface Content {
  /** Bytes. */
  readonly size: number;
  open(): Readable;
}

export interface HttpResponse {
  url: URL;
  status: number;
  headers: http.IncomingHttpHeaders;
  body: http.IncomingMessage;
}

/** One HTTP request after the other over kept connections: no redirects, no authentication, no retries. */
export interface Transport {
  readonly timeouts: Timeouts;
  /** Resolves with the headers. Rejects with the kinds "unavailable", "timeout" or "cancelled" and Go's texts. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Closes the kept connections. Bodies that are being read go on. */
  close(): void;
}

const headerLimit = 32 * 1024;
const connectionsPerHost = 16;
const keptFor = 5000;

export function createTransport(options: {
  userAgent: string;
  timeouts?: Partial<Timeouts>;
  tls?: TlsFiles;
}): Transport {
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  // The timeout closes connections that wait for a next request; one that is in use is left alone.
  const kept = { keepAlive: true, maxSockets: connectionsPerHost, maxFreeSockets: 4, timeout: keptFor };
  const agents = {
    plain: new http.Agent(kept),
    verified: new https.Agent({ ...kept, ...options.tls }),
    unverified: new https.Agent({ ...kept, ...options.tls, rejectUnauthorized: false }),
  };
  return {
    timeouts,
    async send(request) {
      const { protocol } = request.url;
      const isTls = protocol === "https:";
      if (!isTls && protocol !== "http:") throw new BerthError("invalid", `unsupported protocol scheme "${protocol}"`);
      const agent = isTls ? (request.insecure ? agents.unverified : agents.verified) : agents.plain;
      try {
        return await exchange(
          request,
          agent,
          isTls ? https.request : http.request,
          options.userAgent,
          timeouts.headers,
        );
      } catch (error) {
        throw request.signal?.aborted
          ? new BerthError("cancelled", "context canceled", { cause: error })
          : networkError(request.method, request.url, error);
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function exchange(
  { method, url, headers, body, content, signal }: HttpRequest,
  agent: http.Agent,
  open: typeof http.request,
  userAgent: string,
  timeout: number,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const request = open(url, {
      method,
      agent,
      headers: {
        "user-agent": userAgent,
        "accept-encoding": "identity",
        ...(content === undefined ? {} : { "content-length": content.size }),
        ...headers,
      },
      maxHeaderSize: headerLimit,
      ...(signal === undefined ? {} : { signal }),
    });
    const timer = setTimeout(() => {
      request.destroy(
        new BerthError("timeout", "net/http: request canceled (Client.Timeout exceeded while awaiting headers)"),
      );
    }, timeout);
    request.once("response", (response) => {
      clearTimeout(timer);
      resolve({ url, status: response.statusCode ?? 0, headers: response.headers, body: response });
    });
    request.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    if (content === undefined) request.end(body);
    else upload(content, request, timer);
  });
}

/** The wait for an answer begins with each piece anew. An answer that comes early ends the sending. */
function upload(content: Content, request: http.ClientRequest, timer: NodeJS.Timeout): void {
  const source = content.open();
  source.on("data", () => timer.refresh());
  source.on("error", (error) => request.destroy(error));
  request.once("response", () => source.destroy());
  request.once("close", () => source.destroy());
  source.pipe(request);
}
