import { BerthError, type ErrorKind } from "../../lib/index.ts";
import { dial, type Endpoint } from "./dial.ts";
import { Connection, type HttpResponse, type WireRequest } from "./http/connection.ts";
import type { Wire } from "./wire.ts";

/** The newest version of the Engine API that this client speaks. */
export const API_VERSION = "1.51";

export type QueryValue = string | number | boolean | undefined | readonly string[];

export interface ApiRequest {
  /** undefined is left out, true is "1", false is left out, a list repeats its name. */
  query?: Record<string, QueryValue>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, chunked. It cannot be sent twice. */
  stream?: AsyncIterable<Uint8Array>;
  headers?: Record<string, string>;
  upgrade?: boolean;
  /** Leaves the version out of the path. */
  unversioned?: boolean;
}

export interface ClientOptions {
  endpoint: Endpoint;
  /** Fixes the version of the API; without it the newest is tried, then what the daemon names as its own. */
  version?: string;
  /** Sent with every request. */
  headers?: Record<string, string>;
  userAgent?: string;
  /** Opens the connection, in place of `dial`. */
  connect?: (endpoint: Endpoint) => Promise<Wire>;
}

/** An error that a daemon gave as its answer. `message` is the daemon's own, without a prefix. */
export class ApiError extends BerthError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(kindOfStatus(status), message);
    this.name = "ApiError";
    this.status = status;
  }
}

const KINDS: Record<number, ErrorKind> = {
  304: "already",
  400: "invalid",
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  409: "conflict",
  501: "not-implemented",
  503: "unavailable",
};

function kindOfStatus(status: number): ErrorKind {
  return KINDS[status] ?? "internal";
}

/** A client of one daemon. Connections are kept and used again; requests at the same time take one each. */
export class EngineClient {
  readonly endpoint: Endpoint;
  #version: string;
  readonly #negotiates: boolean;
  readonly #options: ClientOptions;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  constructor(options: ClientOptions) {
    this.endpoint = options.endpoint;
    this.#options = options;
    this.#version = options.version ?? API_VERSION;
    this.#negotiates = options.version === undefined;
  }

  /** The version in use: lower than asked for once a daemon has said that it is older. */
  get version(): string {
    return this.#version;
  }

  /**
   * Sends a request and gives the response when its header has come. Statuses of 400 and above reject with an
   * ApiError, as does 304; a daemon that cannot be reached with kind "unavailable" and the system's error as cause.
   */
  async request(method: string, path: string, request: ApiRequest = {}): Promise<HttpResponse> {
    if (request.stream !== undefined) await this.#settleVersion();
    const used = this.#version;
    const response = await this.#send(method, path, request);
    if (response.status < 300) return response;
    const error = await readError(response, path);
    const older = this.#negotiates ? olderVersion(error) : undefined;
    if (older === undefined || older === used) throw error;
    this.#version = older;
    return this.request(method, path, request);
  }

  /** The decoded JSON body of the response. */
  async json<T>(method: string, path: string, request: ApiRequest = {}): Promise<T> {
    const response = await this.request(method, path, request);
    const text = await response.body.text();
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** For requests whose answer has no body that matters. */
  async call(method: string, path: string, request: ApiRequest = {}): Promise<void> {
    const response = await this.request(method, path, request);
    await response.body.bytes(1024 * 1024);
  }

  /** Opens a connection ahead of the request that will need it. Failures show at that request. */
  prepare(): void {
    this.#open().then(
      (connection) => void this.#idle.push(connection),
      () => undefined,
    );
  }

  /** Closes every connection. */
  close(): void {
    for (const connection of this.#all) connection.close();
  }

  async #settleVersion(): Promise<void> {
    if (!this.#negotiates || this.#version !== API_VERSION) return;
    const response = await this.#send("GET", "/_ping", { unversioned: true });
    await response.body.bytes(1024 * 1024);
    const theirs = response.headers.get("api-version");
    if (theirs !== undefined && compareVersions(theirs, this.#version) < 0) this.#version = theirs;
  }

  async #send(method: string, path: string, request: ApiRequest): Promise<HttpResponse> {
    const wire = this.#wire(method, path, request);
    const idle = this.#takeIdle();
    if (idle === undefined) return (await this.#open()).send(wire);
    const reused = idle.reused;
    try {
      return await idle.send(wire);
    } catch (error) {
      // The daemon may have closed a connection that waited: the request was then never seen.
      if (!reused || request.stream !== undefined) throw error;
      return (await this.#open()).send(wire);
    }
  }

  #takeIdle(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.shift();
      if (connection === undefined || connection.open) return connection;
    }
  }

  async #open(): Promise<Connection> {
    const connect = this.#options.connect ?? dial;
    let socket: Wire;
    try {
      socket = await connect(this.endpoint);
    } catch (cause) {
      throw cause instanceof BerthError ? cause : new BerthError("unavailable", "cannot connect", { cause });
    }
    const connection = new Connection(
      socket,
      (idle) => this.#idle.push(idle),
      (closed) => this.#all.delete(closed),
    );
    this.#all.add(connection);
    return connection;
  }

  #wire(method: string, path: string, request: ApiRequest): WireRequest {
    const { json, stream, upgrade } = request;
    const headers: Record<string, string> = { Host: hostHeader(this.endpoint), ...this.#options.headers };
    headers["User-Agent"] = this.#options.userAgent ?? "Berth-Client";
    if (json !== undefined) headers["Content-Type"] = "application/json";
    if (upgrade) {
      headers.Connection = "Upgrade";
      headers.Upgrade = "tcp";
    }
    Object.assign(headers, request.headers);
    const body = json === undefined ? stream : JSON.stringify(json);
    const { host } = this.endpoint;
    const base = host.kind === "tcp" ? host.basePath : "";
    const prefix = request.unversioned ? base : `${base}/v${this.#version}`;
    return {
      method,
      path: prefix + path + encodeQuery(request.query),
      headers,
      ...(body === undefined ? {} : { body }),
      ...(upgrade ? { upgrade } : {}),
    };
  }
}

/** A path from literal parts and ids, each encoded. */
export function apiPath(parts: TemplateStringsArray, ...ids: string[]): string {
  return parts.reduce((path, part, index) => path + encodeURIComponent(ids[index - 1] ?? "") + part);
}

/** The `filters` parameter: JSON of name → {value: true}. undefined where there is none. */
export function encodeFilters(filters: ReadonlyMap<string, readonly string[]>): string | undefined {
  if (filters.size === 0) return undefined;
  const object: Record<string, Record<string, boolean>> = {};
  for (const [name, values] of filters) object[name] = Object.fromEntries(values.map((value) => [value, true]));
  return JSON.stringify(object);
}

/** Negative, zero or positive as API version `a` is older than, equal to or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

function encodeQuery(query: Record<string, QueryValue> = {}): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    for (const item of Array.isArray(value) ? (value as readonly string[]) : [value === true ? "1" : String(value)])
      parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(item)}`);
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

function hostHeader({ host }: Endpoint): string {
  return host.kind === "tcp" ? `${host.host}:${host.port}` : "api.moby.localhost";
}

/** Docker's daemons say in this one sentence that the path's version is newer than theirs. */
function olderVersion(error: ApiError): string | undefined {
  if (error.status !== 400) return undefined;
  return /client version \S+ is too new\. Maximum supported API version is (\d+\.\d+)/.exec(error.message)?.[1];
}

async function readError(response: HttpResponse, path: string): Promise<ApiError> {
  const text = (await response.body.text(1024 * 1024)).trim();
  if (response.headers.get("content-type")?.startsWith("application/json")) {
    try {
      const message = (JSON.parse(text) as { message?: unknown }).message;
      if (typeof message === "string") return new ApiError(response.status, message.trim());
    } catch {
      // Not JSON after all: the text itself is the best there is.
    }
  }
  if (text !== "") return new ApiError(response.status, text);
  return new ApiError(
    response.status,
    `request returned ${response.status} for API route ${path}, check if the server supports the requested API version`,
  );
}
