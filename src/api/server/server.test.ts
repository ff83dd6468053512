import { afterEach, describe, expect, it, vi } from "vitest";
import { BerthError, conflict, type ErrorKind, notFound } from "../../lib/index.ts";
import { type EnginePart, received, receives, TestServer } from "./fake-engine.ts";

let server: TestServer;
const start = async (parts: EnginePart, options: Parameters<typeof TestServer.start>[1] = {}) => {
  server = await TestServer.start(parts, options);
  return server;
};
afterEach(() => server[Symbol.asyncDispose]());

describe("ping and versions", () => {
  it("answers GET and HEAD with the headers that clients read", async () => {
    await start({});
    const answer = await server.ask("GET", "/_ping");
    expect([answer.status, answer.text]).toEqual([200, "OK"]);
    expect(answer.headers).toMatchObject({
      "api-version": "1.51",
      "docker-experimental": "false",
      ostype: "linux",
      "builder-version": "1",
      swarm: "inactive",
      "cache-control": "no-cache, no-store, must-revalidate",
      pragma: "no-cache",
      server: "Berth/0.0.0 (linux)",
    });
    const head = await server.ask("HEAD", "/v1.24/_ping");
    expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", "0"]);
  });

  it("serves 1.24 to 1.51 and says why others are not served", async () => {
    await start({ system: { version: async () => ({ ApiVersion: "1.51" }) } });
    for (const path of ["/version", "/v1.24/version", "/v1.41/version", "/v1.51/version"])
      expect((await server.ask("GET", path)).json).toEqual({ ApiVersion: "1.51" });
    const tooNew = await server.ask("GET", "/v1.99/version");
    expect([tooNew.status, tooNew.json]).toEqual([
      400,
      { message: "client version 1.99 is too new. Maximum supported API version is 1.51" },
    ]);
    const tooOld = await server.ask("GET", "/v1.10/version");
    expect([tooOld.status, tooOld.json]).toEqual([
      400,
      {
        message:
          "client version 1.10 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
      },
    ]);
  });

  it.each(["/", "/nope", "/v1.41", "/v1.41/nope", "/vfoo/version", "/containers//json", "/v1.99/nope"])(
    "knows no page %s",
    async (path) => {
      await start({});
      const answer = await server.ask("GET", path);
      expect([answer.status, answer.json]).toEqual([404, { message: "page not found" }]);
    },
  );

  it("does not serve an endpoint to a client from before it", async () => {
    await start({ system: { df: async () => ({ Images: [] }) } });
    expect((await server.ask("GET", "/v1.24/system/df")).status).toBe(404);
    expect((await server.ask("GET", "/v1.25/system/df")).status).toBe(200);
  });
});

describe("errors", () => {
  const kinds: [ErrorKind, number][] = [
    ["invalid", 400],
    ["not-found", 404],
    ["conflict", 409],
    ["unauthorized", 401],
    ["forbidden", 403],
    ["not-implemented", 501],
    ["unavailable", 503],
    ["exhausted", 500],
    ["internal", 500],
  ];
  it.each(kinds)("%s is status %i with Docker's body", async (kind, status) => {
    await start({ system: { info: () => Promise.reject(new BerthError(kind, "it broke")) } });
    const answer = await server.ask("GET", "/info");
    expect([answer.status, answer.json]).toEqual([status, { message: "it broke" }]);
  });

  it("already is 304 without a body", async () => {
    await start({ containers: { start: () => Promise.reject(new BerthError("already", "is running")) } });
    const answer = await server.ask("POST", "/containers/x/start");
    expect([answer.status, answer.text]).toEqual([304, ""]);
  });

  it("a thrown string, a hint and a synchronous throw become answers", async () => {
    await start({
      system: {
        info: () => Promise.reject("just text"),
        version: () => {
          throw new BerthError("invalid", "at once", { hint: "try this" });
        },
      },
    });
    expect((await server.ask("GET", "/info")).json).toEqual({ message: "just text" });
    expect((await server.ask("GET", "/version")).json).toEqual({ message: "at once", hint: "try this" });
  });

  it("names endpoints that are not built", async () => {
    await start({});
    for (const [method, path] of [
      ["GET", "/containers/x/checkpoints"],
      ["POST", "/build/cancel"],
      ["POST", "/images/a/b/push"],
      ["GET", "/images/search"],
      ["POST", "/swarm/init"],
      ["GET", "/containers/x/attach/ws"],
    ] as const) {
      const answer = await server.ask(method, path);
      expect([path, answer.status]).toEqual([path, 501]);
      expect((answer.json as { message: string }).message).toMatch(new RegExp(`^${method} /.*is not implemented`));
    }
    const swarm = await server.ask("GET", "/nodes");
    expect([swarm.status, (swarm.json as { message: string }).message]).toEqual([
      503,
      expect.stringContaining("This node is not a swarm manager."),
    ]);
  });

  it("tells the log of each request once, with its error", async () => {
    const entries: unknown[] = [];
    const error = notFound("No such container: x");
    await start({ containers: { inspect: () => Promise.reject(error) } }, { log: (entry) => entries.push(entry) });
    await server.ask("GET", "/v1.51/containers/x/json");
    expect(entries).toEqual([{ method: "GET", url: "/v1.51/containers/x/json", status: 404, error }]);
  });
});

describe("connections", () => {
  it("answers a client that has stopped sending", async () => {
    await start({ system: { info: async () => ({ Name: "x" }) } });
    const socket = server.dial();
    socket.end("GET /info HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n");
    expect(await received(socket)).toContain('{"Name":"x"}');
  });

  it.each([
    ["garbage", "\x16\x03\x01\x02\x00 nonsense\r\n\r\n", "400 Bad Request"],
    ["too large a head", `GET /_ping HTTP/1.1\r\nHost: d\r\nX: ${"a".repeat(1024 * 1024)}\r\n\r\n`, "431 "],
    ["conflicting lengths", "POST /auth HTTP/1.1\r\nHost: d\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400 "],
    ["a bad escape", "GET /containers/%zz/json HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n", "400 "],
  ])("refuses %s and goes on", async (_, bytes, status) => {
    await start({});
    const socket = server.dial();
    socket.write(bytes);
    expect(await received(socket)).toContain(`HTTP/1.1 ${status}`);
    socket.destroy();
    expect((await server.ask("GET", "/_ping")).text).toBe("OK");
  });

  it("keeps the body of a plain request whose client offers an upgrade", async () => {
    let name: string | undefined;
    await start({
      volumes: {
        create: async (body) => {
          name = body.Name;
          throw conflict("seen");
        },
      },
    });
    const headers = { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__" };
    const answer = await server.ask("POST", "/volumes/create", { Name: "v" }, headers);
    expect([answer.status, name]).toEqual([409, "v"]);
  });

  it("stops: cuts streams, lets other requests finish, and resolves", async () => {
    const begun = new Set<string>();
    let release = () => {};
    const stopped = new Promise<void>((resolve) => {
      release = resolve;
    });
    await start({
      containers: {
        stop: () => {
          begun.add("stop");
          return stopped;
        },
        wait: async (_ref, _condition, signal) => {
          begun.add("wait");
          return { result: new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))) };
        },
      },
    });
    const waiting = server.ask("POST", "/containers/x/wait").catch((error: Error) => error);
    const stopping = server.ask("POST", "/containers/x/stop");
    await vi.waitFor(() => expect(begun).toEqual(new Set(["stop", "wait"])));
    const closed = server.api.close(5_000);
    expect(await waiting).toBeInstanceOf(Error);
    release();
    expect((await stopping).status).toBe(204);
    await closed;
    await expect(server.ask("GET", "/_ping")).rejects.toThrow();
  });
});

it("stops at once where connections are open but nothing is asked on them", async () => {
  await start({ system: { info: async () => ({}) } });
  const silent = server.dial();
  const used = server.dial();
  used.write("GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n");
  await receives(used, "OK");
  const over = [received(silent), received(used)];
  const before = Date.now();
  await server.api.close(10_000);
  expect(Date.now() - before).toBeLessThan(5_000);
  expect(await Promise.all(over)).toEqual(["", ""]);
  silent.destroy();
  used.destroy();
});

describe("a listener that anybody can reach", () => {
  it.each([
    [{ Host: "127.0.0.1:2375" }, 200],
    [{ Host: "localhost" }, 200],
    [{ Host: "[::1]:2375" }, 200],
    [{ Host: "rebound.example.org" }, 403],
    [{ Host: "127.0.0.1.example.org" }, 403],
    [{ Host: "localhost", Origin: "http://localhost" }, 403],
    [{ Host: "localhost", Origin: "null" }, 403],
    [{ Host: "localhost", "Sec-Fetch-Site": "cross-site" }, 403],
  ])("with %j answers %i", async (headers, status) => {
    await start({}, { exposure: "open" });
    expect((await server.ask("GET", "/_ping", undefined, headers as Record<string, string>)).status).toBe(status);
  });

  it("gives no CORS headers", async () => {
    await start({}, { exposure: "open" });
    const answer = await server.ask("OPTIONS", "/containers/json", undefined, { Host: "localhost" });
    expect(answer.status).toBe(404);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});
