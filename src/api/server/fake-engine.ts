import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "../../engine/index.ts";
import { listen } from "../transport/index.ts";
import type { Exposure } from "./guard.ts";
import { given } from "./query.ts";
import { type ApiServer, type ApiServerOptions, createApiServer } from "./server.ts";

/** Any part of the engine; what a test leaves out fails when it is called. */
export type EnginePart = { [Service in keyof Engine]?: Partial<Engine[Service]> };

/** An engine of the given parts for tests of routes. */
function fakeEngine(parts: EnginePart): Engine {
  const services = [
    "containers",
    "execs",
    "images",
    "volumes",
    "networks",
    "events",
    "system",
    "vitals",
    "doctor",
    "builds",
  ] as const;
  const entries = services.map((service) => [service, strict(service, parts[service] ?? {})]);
  return Object.fromEntries(entries) as unknown as Engine;
}

function strict(service: string, methods: object): object {
  return new Proxy(methods, {
    get(target, name) {
      const method = Reflect.get(target, name) as unknown;
      if (method !== undefined) return method;
      return () => Promise.reject(new Error(`the test has no ${service}.${String(name)}`));
    },
  });
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: unknown;
}

/** A server on a unix socket of its own, and requests to it. */
export class TestServer implements AsyncDisposable {
  readonly api: ApiServer;
  readonly path: string;
  readonly #dir: string;

  constructor(parts: EnginePart, options: Pick<ApiServerOptions, "log" | "unread"> = {}) {
    this.#dir = mkdtempSync(join(tmpdir(), "berth-api-"));
    this.path = join(this.#dir, "api.sock");
    this.api = createApiServer({
      engine: fakeEngine(parts),
      version: "0.0.0",
      ...given({ log: options.log, unread: options.unread }),
    });
  }

  static async start(
    parts: EnginePart,
    options: { exposure?: Exposure } & Pick<ApiServerOptions, "log" | "unread"> = {},
  ): Promise<TestServer> {
    const server = new TestServer(parts, options);
    const endpoint = server.api.endpoint({ exposure: options.exposure ?? "trusted" });
    await listen(endpoint, { kind: "unix", path: server.path });
    return server;
  }

  /** One request; `body` is sent as JSON unless it is text or bytes. */
  ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const raw = body === undefined || typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const all = { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers };
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: this.path, method, path, headers: all, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
        });
      });
      call.on("error", reject);
      call.end(raw);
    });
  }

  /** A bare connection; half-open, as the docker CLI's is. */
  dial(): Socket {
    return connect({ path: this.path, allowHalfOpen: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api.close(0);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Everything that a connection receives until it ends, as text. */
export function received(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("end", () => resolve(Buffer.concat(chunks).toString("latin1")));
  });
}

/** Resolves when the connection has received `text`. */
export function receives(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = "";
    const take = (chunk: Buffer) => {
      seen += chunk.toString("latin1");
      if (!seen.includes(text)) return;
      socket.off("data", take).off("end", early);
      resolve(seen);
    };
    const early = () => reject(new Error(`the connection ended after ${JSON.stringify(seen)}`));
    socket.on("data", take).on("end", early).on("error", reject);
  });
}
