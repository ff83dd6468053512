import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ApiError, apiPath, EngineClient, encodeFilters, readJsonStream } from "./index.ts";

let folder = "";
let server: Server;
let client: EngineClient;
let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
let connections = 0;
const seen: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync("/var/tmp/berth-client-");
  seen.length = 0;
  connections = 0;
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      seen.push(`${request.method} ${request.url}`);
      answer(request, response, body);
    });
  });
  server.on("connection", () => {
    connections++;
  });
  const path = join(folder, "d.sock");
  await new Promise<void>((resolve) => server.listen(path, resolve));
  client = new EngineClient({ endpoint: { host: { kind: "unix", path }, text: `unix://${path}` } });
});
afterEach(() => {
  client.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const json = (response: ServerResponse, status: number, value: unknown) => {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(value));
};

describe("requests", () => {
  test("carry version, query and body, on one connection", async () => {
    answer = (request, response, body) => json(response, 200, { body, type: request.headers["content-type"] });
    const first = await client.json("POST", apiPath`/containers/${"a/b c"}/x`, {
      query: { all: true, off: false, none: undefined, n: 3, list: ["x", "y&z"] },
      json: { A: 1 },
    });
    expect(first).toEqual({ body: '{"A":1}', type: "application/json" });
    await client.json("GET", "/info");
    expect(seen).toEqual(["POST /v1.51/containers/a%2Fb%20c/x?all=1&n=3&list=x&list=y%26z", "GET /v1.51/info"]);
    expect(connections).toBe(1);
  });
  test("at the same time take a connection each", async () => {
    const waiting: ServerResponse[] = [];
    answer = (_, response) => {
      waiting.push(response);
      if (waiting.length === 3) for (const each of waiting) json(each, 200, {});
    };
    await Promise.all([1, 2, 3].map(() => client.json("GET", "/x")));
    expect(connections).toBe(3);
  });
  test("send a stream as it comes", async () => {
    answer = (request, response, body) =>
      json(response, 200, request.url?.includes("_ping") ? {} : { size: body.length });
    async function* pieces() {
      for (let index = 0; index < 50; index++) yield Buffer.alloc(10_000, 65);
    }
    expect(await client.json("POST", "/images/load", { stream: pieces() })).toEqual({ size: 500_000 });
  });
  test("go again on a new connection where an idle one was closed", async () => {
    answer = (_, response) => json(response, 200, {});
    await client.json("GET", "/a");
    server.closeIdleConnections();
    await client.json("GET", "/b");
    expect(seen).toEqual(["GET /v1.51/a", "GET /v1.51/b"]);
  });
});

describe("errors", () => {
  test("are the daemon's message with its status and kind", async () => {
    answer = (_, response) => json(response, 404, { message: "No such container: x" });
    const error = await client.json("GET", "/x").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 404, kind: "not-found", message: "No such container: x" });
  });
  test("are the text where it is no JSON, and named where there is none", async () => {
    answer = (_, response) => {
      response.writeHead(500);
      response.end("oops\n");
    };
    await expect(client.call("GET", "/x")).rejects.toMatchObject({ status: 500, message: "oops" });
    answer = (_, response) => {
      response.writeHead(503);
      response.end();
    };
    await expect(client.call("GET", "/x")).rejects.toThrow(/request returned 503 for API route \/x/);
  });
  test("of a connection that cannot be made keep the system's", async () => {
    const absent = new EngineClient({ endpoint: { host: { kind: "unix", path: join(folder, "no") }, text: "" } });
    await expect(absent.call("GET", "/x")).rejects.toMatchObject({ kind: "unavailable", cause: { code: "ENOENT" } });
  });
  test("of a connection that ends inside a response", async () => {
    answer = (request, response) => {
      response.writeHead(200, { "Content-Length": "10" });
      response.write("abc", () => request.socket.destroy());
    };
    await expect(client.json("GET", "/x")).rejects.toThrow("unexpected EOF");
  });
  test("a body larger than asked for is refused", async () => {
    answer = (_, response) => response.end(Buffer.alloc(3_000_000));
    await expect(client.call("GET", "/x")).rejects.toMatchObject({ kind: "exhausted" });
  });
});

test("an older daemon's version is taken, once, by requests at the same time too", async () => {
  answer = (request, response) => {
    const tooNew = request.url?.startsWith("/v1.51/");
    if (tooNew)
      json(response, 400, { message: "client version 1.51 is too new. Maximum supported API version is 1.45" });
    else json(response, 200, { ok: true });
  };
  await Promise.all([client.json("GET", "/a"), client.json("GET", "/b")]);
  expect(client.version).toBe("1.45");
  seen.length = 0;
  await client.json("GET", "/c");
  expect(seen).toEqual(["GET /v1.45/c"]);
});

test("a stream of JSON lines, cut anywhere", async () => {
  answer = (_, response) => {
    response.write('{"a":"ü"}\n{"a"');
    setTimeout(() => response.end(':"x"}\r\n\r\n{"a":"last"}'), 10);
  };
  const got: unknown[] = [];
  await readJsonStream<{ a: string }>(await client.request("GET", "/x"), ({ a }) => got.push(a));
  expect(got).toEqual(["ü", "x", "last"]);
});

test("an upgraded connection carries raw bytes both ways and half-closes", async () => {
  server.on("upgrade", (_, socket: Socket) => {
    let input = "";
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello ");
    socket.on("data", (chunk: Buffer) => {
      input += chunk.toString();
    });
    socket.on("end", () => socket.end(`got ${input}`));
  });
  const response = await client.request("POST", "/attach", { upgrade: true });
  response.upgraded?.write(Buffer.from("abc"));
  response.upgraded?.end();
  expect(await response.body.text()).toBe("hello got abc");
});

test("filters are JSON of name and values", () => {
  expect(encodeFilters(new Map())).toBeUndefined();
  expect(encodeFilters(new Map([["label", ["a=b", "c"]]]))).toBe('{"label":{"a=b":true,"c":true}}');
});
