import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Containers, Engine, Images, LogsOptions } from "../../../engine/index.ts";
import { invalid, notFound } from "../../../lib/index.ts";
import type { EventMessage, ImageInspect, ImageSummary } from "../../../spec/api/index.ts";
import { type EnginePart, receives, TestServer } from "../fake-engine.ts";

let server: TestServer;
afterEach(() => server[Symbol.asyncDispose]());
const start = async (parts: EnginePart) => {
  server = await TestServer.start(parts);
};
const message = (answer: { json: unknown }) => (answer.json as { message: string }).message;
const query = (values: Record<string, string>) => new URLSearchParams(values).toString();

describe("containers", () => {
  it("lists with options and filters", async () => {
    const list = vi.fn<Containers["list"]>(async () => []);
    await start({ containers: { list } });
    const filters = query({ filters: '{"status":["running"]}', all: "1", limit: "3", size: "true" });
    expect((await server.ask("GET", `/containers/json?${filters}`)).text).toBe("[]\n");
    expect(list).toHaveBeenCalledWith({ all: true, size: true, limit: 3, filters: new Map([["status", ["running"]]]) });
    const bad = await server.ask("GET", `/containers/json?${query({ filters: '{"foo":["x"]}' })}`);
    expect([bad.status, message(bad)]).toEqual([400, "invalid filter 'foo'"]);
    expect((await server.ask("GET", "/containers/json?limit=x")).status).toBe(400);
  });

  it("creates with name and platform from the query", async () => {
    const create = vi.fn<Containers["create"]>(async () => ({ Id: "1", Warnings: [] }));
    await start({ containers: { create } });
    const answer = await server.ask("POST", "/v1.51/containers/create?name=n&platform=linux/amd64", { Image: "x" });
    expect([answer.status, answer.json]).toEqual([201, { Id: "1", Warnings: [] }]);
    expect(create).toHaveBeenCalledWith({ name: "n", platform: "linux/amd64", body: { Image: "x" } });
  });

  it("gives old clients the defaults of their time", async () => {
    const create = vi.fn<Containers["create"]>(async () => ({ Id: "1", Warnings: [] }));
    await start({ containers: { create } });
    for (const version of ["1.24", "1.40", "1.41"])
      await server.ask("POST", `/v${version}/containers/create`, { Image: "x" });
    expect(create.mock.calls.map(([{ body }]) => body.HostConfig)).toEqual([
      { CgroupnsMode: "host", IpcMode: "shareable" },
      { CgroupnsMode: "host" },
      undefined,
    ]);
  });

  it.each<[unknown, Record<string, string>, string]>([
    ["", { "Content-Type": "application/json" }, "invalid JSON: got EOF while reading request body"],
    ["{", {}, "invalid JSON: unexpected EOF"],
    [
      "{}",
      { "Content-Type": "text/plain" },
      "unsupported Content-Type header (text/plain): must be 'application/json'",
    ],
    ["{}", {}, "config cannot be empty in order to create a container"],
    ["null", {}, "config cannot be empty in order to create a container"],
    [{ HostConfig: {} }, {}, "config cannot be empty in order to create a container"],
    ['{"Image":"x"} {}', {}, "unexpected content after JSON"],
  ])("refuses to create from %j", async (body, headers, expected) => {
    await start({});
    const answer = await server.ask("POST", "/containers/create", body, headers);
    expect([answer.status, message(answer)]).toEqual([400, expected]);
  });

  it("passes verbs on with their options", async () => {
    const parts = {
      stop: vi.fn<Containers["stop"]>(async () => {}),
      kill: vi.fn<Containers["kill"]>(async () => {}),
      remove: vi.fn<Containers["remove"]>(async () => {}),
      rename: vi.fn<Containers["rename"]>(async () => {}),
      resize: vi.fn<Containers["resize"]>(async () => {}),
      start: vi.fn<Containers["start"]>(async () => {}),
    };
    await start({ containers: parts });
    const statuses = [
      await server.ask("POST", "/containers/c/stop?t=-1&signal=INT"),
      await server.ask("POST", "/containers/c/stop"),
      await server.ask("POST", "/containers/c/kill?signal=9"),
      await server.ask("DELETE", "/containers/c?v=1&force=true"),
      await server.ask("POST", "/containers/c/rename?name=d"),
      await server.ask("POST", "/containers/c/resize?h=24&w=80"),
      await server.ask("POST", "/containers/c/start", {}),
    ].map((answer) => answer.status);
    expect(statuses).toEqual([204, 204, 204, 204, 204, 200, 204]);
    expect(parts.stop.mock.calls).toEqual([
      ["c", { signal: "INT", timeout: -1 }],
      ["c", {}],
    ]);
    expect(parts.kill).toHaveBeenCalledWith("c", { signal: "9" });
    expect(parts.remove).toHaveBeenCalledWith("c", { force: true, volumes: true, link: false });
    expect(parts.rename).toHaveBeenCalledWith("c", "d");
    expect(parts.resize).toHaveBeenCalledWith("c", { height: 24, width: 80 });
  });

  it.each([
    ["POST", "/containers/c/rename", "Neither old nor new names may be empty"],
    ["POST", "/containers/c/resize?h=a", 'strconv.Atoi: parsing "a": invalid syntax'],
    ["POST", "/containers/c/resize?h=1&w=70000", "value out of range"],
    ["POST", "/containers/c/wait?condition=foo", 'invalid condition: "foo"'],
    ["GET", "/containers/c/logs", "Bad parameters: you must choose at least one stream"],
    ["GET", "/containers/c/logs?stdout=1&since=x", 'invalid value for "since"'],
    ["POST", "/containers/c/stop?t=x", 'strconv.Atoi: parsing "x": invalid syntax'],
  ])("%s %s is refused", async (method, path, expected) => {
    await start({});
    const answer = await server.ask(method, path);
    expect([answer.status, message(answer)]).toEqual([400, expect.stringContaining(expected)]);
  });

  it("refuses to start with a configuration in the body", async () => {
    await start({});
    const answer = await server.ask("POST", "/containers/c/start", { Binds: ["/:/x"] });
    expect(message(answer)).toBe(
      "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24",
    );
  });
});

describe("wait", () => {
  it("sends its head as soon as it is registered, its answer at the end", async () => {
    let exit = (_: { StatusCode: number }) => {};
    const result = new Promise<{ StatusCode: number }>((resolve) => {
      exit = resolve;
    });
    await start({ containers: { wait: async () => ({ result }) } });
    const socket = server.dial();
    socket.write("POST /v1.51/containers/c/wait?condition=next-exit HTTP/1.1\r\nHost: d\r\n\r\n");
    expect(await receives(socket, "\r\n\r\n")).toContain("HTTP/1.1 200 OK");
    exit({ StatusCode: 3 });
    await receives(socket, '{"StatusCode":3}\n');
    socket.destroy();
  });

  it("answers an unknown container with its own status", async () => {
    await start({ containers: { wait: () => Promise.reject(notFound("No such container: c")) } });
    expect((await server.ask("POST", "/containers/c/wait")).status).toBe(404);
  });

  it.each(["destroy", "end"] as const)("gives up when the client hangs up by %s", async (how) => {
    let seen: AbortSignal | undefined;
    const wait: Containers["wait"] = async (_ref, _condition, signal) => {
      seen = signal;
      return { result: new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))) };
    };
    await start({ containers: { wait } });
    const socket = server.dial();
    socket.write("POST /containers/c/wait HTTP/1.1\r\nHost: d\r\n\r\n");
    await receives(socket, "\r\n\r\n");
    socket[how]();
    await vi.waitFor(() => expect(seen?.aborted).toBe(true));
    socket.destroy();
  });
});

describe("logs", () => {
  it("streams, with the media type of the client's time", async () => {
    const logs = vi.fn<Containers["logs"]>(async () => ({
      tty: false,
      output: Readable.from([Buffer.from("line\n")]),
    }));
    await start({ containers: { logs } });
    const path = `logs?${query({ stdout: "1", follow: "1", tail: "10", since: "5.000000007", until: "0", timestamps: "1" })}`;
    const answer = await server.ask("GET", `/v1.51/containers/c/${path}`);
    expect([answer.text, answer.headers["content-type"]]).toEqual([
      "line\n",
      "application/vnd.docker.multiplexed-stream",
    ]);
    const old = await server.ask("GET", `/v1.41/containers/c/${path}`);
    expect(old.headers["content-type"]).toBe("application/vnd.docker.raw-stream");
    expect(logs.mock.calls[0]?.[1]).toEqual({
      follow: true,
      stdout: true,
      stderr: false,
      timestamps: true,
      details: false,
      since: 5_000_000_007n,
      tail: 10,
    } satisfies LogsOptions);
  });

  it("lets the log go when the client hangs up", async () => {
    const output = new Readable({ read() {} });
    await start({ containers: { logs: async () => ({ tty: true, output }) } });
    const socket = server.dial();
    socket.write("GET /containers/c/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: d\r\n\r\n");
    await receives(socket, "\r\n\r\n");
    socket.destroy();
    await vi.waitFor(() => expect(output.destroyed).toBe(true));
  });
});

describe("events", () => {
  const event: EventMessage = {
    status: "start",
    id: "c",
    Type: "container",
    Action: "start",
    Actor: { ID: "c", Attributes: {} },
    scope: "local",
    time: 1795214633,
    timeNano: 1795214633123456789n,
  };

  it("prints one line each, with the exact time", async () => {
    const subscribe = vi.fn<Engine["events"]["subscribe"]>(async function* () {
      yield event;
      yield event;
    });
    await start({ events: { subscribe } });
    const answer = await server.ask(
      "GET",
      `/events?${query({ since: "0", until: "5", filters: '{"type":["container"]}' })}`,
    );
    const lines = answer.text.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('"timeNano":1795214633123456789}');
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ Type: "container", time: 1795214633 });
    expect(subscribe.mock.calls[0]?.[0]).toEqual({
      since: 0n,
      until: 5_000_000_000n,
      filters: new Map([["type", ["container"]]]),
    });
  });

  it("begins at once, and ends the subscription when the client hangs up", async () => {
    let aborted = false;
    const subscribe: Engine["events"]["subscribe"] = async function* (_, signal) {
      yield event;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      aborted = true;
    };
    await start({ events: { subscribe } });
    const socket = server.dial();
    socket.write("GET /events HTTP/1.1\r\nHost: d\r\n\r\n");
    await receives(socket, '"scope":"local"');
    socket.destroy();
    await vi.waitFor(() => expect(aborted).toBe(true));
  });

  it("refuses times in the wrong order", async () => {
    await start({});
    expect((await server.ask("GET", "/events?since=9&until=5")).status).toBe(400);
  });
});

describe("images", () => {
  it("serves old clients what they read", async () => {
    const image = { Id: "i", Size: 7, Config: { Volumes: null } } as unknown as ImageInspect;
    const summary = { Id: "i", Size: 7 } as unknown as ImageSummary;
    await start({ images: { inspect: async () => image, list: async () => [summary] } });
    expect((await server.ask("GET", "/v1.41/images/a/b/json")).json).toMatchObject({
      VirtualSize: 7,
      ContainerConfig: { Volumes: null },
    });
    expect((await server.ask("GET", "/v1.51/images/a/b/json")).json).toEqual(image);
    expect((await server.ask("GET", "/v1.41/images/json")).json).toEqual([{ ...summary, VirtualSize: 7 }]);
    expect((await server.ask("GET", "/v1.51/images/json")).json).toEqual([summary]);
  });

  it("pulls with credentials and progress, and imports from the body", async () => {
    const pull = vi.fn<Images["pull"]>(async (_options, progress) => {
      progress({ status: "Pulling from library/x", id: "latest" });
      throw invalid("manifest unknown");
    });
    const receive = vi.fn<Images["import"]>(async (archive, _options, progress) => {
      progress({ status: await text(archive) });
    });
    await start({ images: { pull, import: receive } });
    const auth = Buffer.from(JSON.stringify({ username: "u", password: "p" })).toString("base64url");
    const platform = query({ fromImage: "x", tag: "latest", platform: "linux/arm64" });
    const pulled = await server.ask("POST", `/images/create?${platform}`, undefined, { "X-Registry-Auth": auth });
    expect(pulled.status).toBe(200);
    expect(
      pulled.text
        .trimEnd()
        .split("\r\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { status: "Pulling from library/x", id: "latest" },
      { errorDetail: { message: "manifest unknown" }, error: "manifest unknown" },
    ]);
    expect(pull.mock.calls[0]?.[0]).toEqual({
      image: "x",
      tag: "latest",
      platform: "linux/arm64",
      auth: { username: "u", password: "p" },
    });
    const imported = await server.ask("POST", "/images/create?fromSrc=-&repo=r&changes=A&changes=B", "tar bytes");
    expect(imported.json).toEqual({ status: "tar bytes" });
    expect(receive.mock.calls[0]?.[1]).toEqual({ repo: "r", changes: ["A", "B"] });
    expect((await server.ask("POST", "/images/create?fromSrc=http://x/")).status).toBe(501);
    expect((await server.ask("POST", "/images/create")).status).toBe(400);
  });

  it("gives a failure before the first message its own status", async () => {
    await start({
      images: {
        pull: () => Promise.reject(notFound("pull access denied")),
        load: () => Promise.reject(invalid("no archive")),
      },
    });
    const pulled = await server.ask("POST", "/images/create?fromImage=x");
    expect([pulled.status, message(pulled)]).toEqual([404, "pull access denied"]);
    const loaded = await server.ask("POST", "/images/load", "x".repeat(3_000_000));
    expect([loaded.status, message(loaded)]).toEqual([400, "no archive"]);
  });

  it("ends a pull whose client has gone", async () => {
    let aborted = false;
    const pull: Images["pull"] = (_options, progress, signal) => {
      progress({ status: "going" });
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          aborted = true;
          reject(signal.reason);
        }),
      );
    };
    await start({ images: { pull } });
    const socket = server.dial();
    socket.write("POST /images/create?fromImage=x HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n");
    await receives(socket, "going");
    socket.destroy();
    await vi.waitFor(() => expect(aborted).toBe(true));
  });

  it("saves, tags and removes", async () => {
    const save = vi.fn<Images["save"]>(async () => Readable.from([Buffer.from("tar")]));
    const tag = vi.fn<Images["tag"]>(async () => {});
    const remove = vi.fn<Images["remove"]>(async () => [{ Untagged: "x" }]);
    await start({ images: { save, tag, remove } });
    const saved = await server.ask("GET", "/images/get?names=a&names=b:c");
    expect([saved.text, saved.headers["content-type"]]).toEqual(["tar", "application/x-tar"]);
    expect(save).toHaveBeenCalledWith(["a", "b:c"], {});
    await server.ask("GET", "/images/a/b/get");
    expect(save).toHaveBeenLastCalledWith(["a/b"], {});
    expect((await server.ask("POST", "/images/a/tag?repo=r&tag=t")).status).toBe(201);
    expect(tag).toHaveBeenCalledWith("a", "r:t");
    const platform = JSON.stringify({ os: "linux", architecture: "arm", variant: "v7" });
    await server.ask("DELETE", `/images/a/b?force=1&noprune=1&${query({ platforms: platform })}`);
    expect(remove).toHaveBeenCalledWith("a/b", { force: true, prune: false, platforms: ["linux/arm/v7"] });
  });
});

describe("volumes", () => {
  it("creates, and prunes what the client's API pruned", async () => {
    const prune = vi.fn<Engine["volumes"]["prune"]>(async () => ({ VolumesDeleted: null, SpaceReclaimed: 0 }));
    const create = vi.fn<Engine["volumes"]["create"]>(() => Promise.reject(invalid("seen")));
    await start({ volumes: { prune, create } });
    await server.ask("POST", "/v1.41/volumes/prune");
    await server.ask("POST", "/v1.42/volumes/prune");
    expect(prune.mock.calls).toEqual([[new Map([["all", ["true"]]])], [new Map()]]);
    await server.ask("POST", "/volumes/create");
    await server.ask("POST", "/volumes/create", { Name: "v", Labels: null });
    expect(create.mock.calls).toEqual([[{}], [{ Name: "v" }]]);
    expect(message(await server.ask("POST", "/volumes/create", { ClusterVolumeSpec: { a: 1 } }))).toContain(
      "need a swarm",
    );
  });
});

describe("networks", () => {
  it("passes bodies on, and refuses members that it does not know", async () => {
    const create = vi.fn(async () => ({ Id: "n1", Warning: "" }));
    const connect = vi.fn(async () => {});
    const disconnect = vi.fn(async () => {});
    await start({ networks: { create, connect, disconnect, remove: async () => {} } });
    const made = await server.ask("POST", "/networks/create", {
      Name: "n",
      CheckDuplicate: true,
      IPAM: { Config: [] },
    });
    expect([made.status, made.json]).toEqual([201, { Id: "n1", Warning: "" }]);
    expect(create.mock.calls).toEqual([[{ Name: "n", IPAM: { Config: [] } }]]);
    const endpoint = { Container: "c", EndpointConfig: { Aliases: ["a"], IPAddress: "1.2.3.4" } };
    expect((await server.ask("POST", "/networks/n/connect", endpoint)).status).toBe(200);
    expect(connect.mock.calls).toEqual([["n", { Container: "c", EndpointConfig: { Aliases: ["a"] } }]]);
    expect((await server.ask("POST", "/networks/n/disconnect", { Container: "c", Force: true })).status).toBe(200);
    expect(disconnect.mock.calls).toEqual([["n", { Container: "c", Force: true }]]);
    expect((await server.ask("DELETE", "/networks/n")).status).toBe(204);
    expect((await server.ask("POST", "/networks/create", { Name: "n", Wrong: 1 })).status).toBe(400);
  });

  it("lists by filters", async () => {
    const list = vi.fn(async () => []);
    await start({ networks: { list } });
    expect((await server.ask("GET", `/networks?${query({ filters: '{"driver":["host"]}' })}`)).json).toEqual([]);
    expect(list.mock.calls).toEqual([[new Map([["driver", ["host"]]])]]);
    expect((await server.ask("GET", `/networks?${query({ filters: '{"nope":["x"]}' })}`)).status).toBe(400);
  });
});
