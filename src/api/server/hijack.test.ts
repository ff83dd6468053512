import { request } from "node:http";
import type { Socket } from "node:net";
import { PassThrough, type Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { AttachSession } from "../../engine/index.ts";
import { BerthError, frameHeader, notFound } from "../../lib/index.ts";
import { type EnginePart, received, receives, TestServer } from "./fake-engine.ts";

let server: TestServer;
afterEach(() => server[Symbol.asyncDispose]());
const start = async (parts: EnginePart) => {
  server = await TestServer.start(parts);
};

interface FakeSession extends AttachSession {
  output: PassThrough;
  input: PassThrough | undefined;
  destroy: ReturnType<typeof vi.fn<() => void>>;
}

function fakeSession(options: { tty?: boolean; stdin?: boolean } = {}): FakeSession {
  const input = options.stdin === false ? undefined : new PassThrough();
  return { tty: options.tty ?? true, output: new PassThrough(), input, destroy: vi.fn<() => void>() };
}

const attaching = (session: AttachSession): EnginePart => ({ containers: { attach: async () => session } });
const upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n";
const attachHead = (headers: string, version = "/v1.51") =>
  `POST ${version}/containers/c/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\n${headers}\r\n`;

describe.each([
  ["with Upgrade", upgrade, "HTTP/1.1 101 UPGRADED\r\n"],
  ["without Upgrade", "Content-Length: 0\r\n", "HTTP/1.1 200 OK\r\n"],
])("attach %s", (_, headers, statusLine) => {
  it("carries bytes both ways and half-closes in both directions", async () => {
    const session = fakeSession();
    await start(attaching(session));
    const socket = server.dial();
    socket.write(attachHead(headers));
    const head = await receives(socket, "\r\n\r\n");
    expect(head.startsWith(statusLine)).toBe(true);
    expect(head).toContain("Content-Type: application/vnd.docker.raw-stream\r\n");
    expect(head).toContain("Api-Version: 1.51\r\n");
    session.output.write("hello");
    await receives(socket, "hello");
    socket.end(Buffer.from([0, 1, 0xff, 10]));
    const stdin = await collect(session.input);
    expect([...stdin]).toEqual([0, 1, 0xff, 10]);
    // the process still has something to say after its stdin has ended
    const rest = received(socket);
    session.output.end("bye");
    expect(await rest).toBe("bye");
    await vi.waitFor(() => expect(session.destroy).toHaveBeenCalledTimes(1));
  });

  it("gives stdin the bytes that came with the head, on a connection that was used before", async () => {
    const session = fakeSession();
    await start(attaching(session));
    const socket = server.dial();
    socket.write("GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n");
    await receives(socket, "OK");
    socket.write(`${attachHead(headers)}GET /not/http at all\r\n\r\n`);
    await receives(socket, "\r\n\r\n");
    socket.end();
    expect((await collect(session.input)).toString()).toBe("GET /not/http at all\r\n\r\n");
    session.output.end();
  });

  it("skips a body of the request itself", async () => {
    const session = fakeSession();
    await start(attaching(session));
    const socket = server.dial();
    const withBody = headers.replace(/Content-Length: 0\r\n/, "");
    socket.write(attachHead(`${withBody}Content-Type: application/json\r\nContent-Length: 11\r\n`));
    socket.write('{"a"');
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(": true}stdin bytes");
    await receives(socket, "\r\n\r\n");
    socket.end();
    expect((await collect(session.input)).toString()).toBe("stdin bytes");
    session.output.end();
  });

  it("answers errors as HTTP", async () => {
    await start({ containers: { attach: () => Promise.reject(notFound("No such container: c")) } });
    const socket = server.dial();
    socket.write(attachHead(headers));
    const answer = await received(socket);
    expect(answer).toContain("HTTP/1.1 404 Not Found\r\n");
    expect(answer).toContain('{"message":"No such container: c"}');
    socket.destroy();
  });

  it("detaches when the client is gone, though the process is silent and the client had half-closed", async () => {
    vi.useFakeTimers({ toFake: ["setInterval"] });
    try {
      const session = fakeSession({ stdin: false });
      await start(attaching(session));
      const socket = server.dial();
      socket.write(attachHead(headers));
      await receives(socket, "\r\n\r\n");
      socket.end();
      await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
      vi.advanceTimersByTime(6_000);
      expect(session.destroy).not.toHaveBeenCalled();
      await closed(socket);
      vi.advanceTimersByTime(6_000);
      await vi.waitFor(() => expect(session.destroy).toHaveBeenCalledTimes(1));
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("attach", () => {
  it.each([
    ["/v1.51", false, "multiplexed-stream"],
    ["/v1.42", false, "multiplexed-stream"],
    ["/v1.41", false, "raw-stream"],
    ["/v1.51", true, "raw-stream"],
  ])("over %s with tty %s is a %s", async (version, tty, type) => {
    const session = fakeSession({ tty });
    await start(attaching(session));
    const socket = server.dial();
    socket.write(attachHead(upgrade, version));
    expect(await receives(socket, "\r\n\r\n")).toContain(`Content-Type: application/vnd.docker.${type}\r\n`);
    session.output.end();
  });

  it("passes its options on", async () => {
    const attach = vi.fn<(ref: string, options: object) => Promise<AttachSession>>(() =>
      Promise.reject(notFound("no")),
    );
    await start({ containers: { attach } });
    await server.ask("POST", "/containers/c/attach?stream=1&stdin=0&stdout=true&stderr=1&logs=1&detachKeys=ctrl-a");
    expect(attach).toHaveBeenCalledWith("c", {
      stream: true,
      logs: true,
      stdin: false,
      stdout: true,
      stderr: true,
      detachKeys: "ctrl-a",
    });
  });

  it("serves a client that sends stdin as a chunked body", async () => {
    const session = fakeSession();
    await start(attaching(session));
    const call = request({ socketPath: server.path, method: "POST", path: "/containers/c/attach?stream=1&stdin=1" });
    call.write("typed");
    const response = await new Promise<Readable>((resolve) => call.on("response", resolve));
    call.end(" more");
    expect((await collect(session.input)).toString()).toBe("typed more");
    session.output.end("out");
    expect(await text(response)).toBe("out");
  });

  it("keeps back a process whose client does not read", async () => {
    const session = fakeSession();
    await start(attaching(session));
    const socket = server.dial();
    socket.write(attachHead(upgrade));
    await receives(socket, "\r\n\r\n");
    socket.pause();
    let written = 0;
    const chunk = Buffer.alloc(64 * 1024);
    const more = () => {
      while (written < 64 * 1024 * 1024 && session.output.write(chunk)) written += chunk.length;
    };
    more();
    session.output.on("drain", more);
    await vi.waitFor(() => expect(session.output.writableNeedDrain).toBe(true));
    expect(written).toBeLessThan(4 * 1024 * 1024);
    socket.destroy();
    await vi.waitFor(() => expect(session.destroy).toHaveBeenCalled());
  });

  it("keeps back a client whose process does not read, and drops the rest when the process closes its stdin", async () => {
    const stuck = new Writable({ highWaterMark: 1024, write: () => {} });
    const session = { ...fakeSession(), input: stuck };
    await start(attaching(session));
    const socket = server.dial();
    socket.write(attachHead(upgrade));
    await receives(socket, "\r\n\r\n");
    const chunk = Buffer.alloc(64 * 1024);
    let sent = 0;
    while (sent < 16 * 1024 * 1024 && socket.write(chunk)) sent += chunk.length;
    await vi.waitFor(() => expect(stuck.writableNeedDrain).toBe(true));
    expect(socket.writableNeedDrain).toBe(true);
    stuck.destroy(new Error("EPIPE"));
    await new Promise<void>((resolve) => socket.once("drain", () => resolve()));
    session.output.end();
  });

  it("all of a long output arrives though the client reads late", async () => {
    const session = fakeSession({ stdin: false });
    await start(attaching(session));
    const socket = server.dial();
    socket.write(attachHead(upgrade));
    await receives(socket, "\r\n\r\n");
    socket.pause();
    session.output.end(Buffer.alloc(8 * 1024 * 1024, "x"));
    await vi.waitFor(() => expect(session.output.writableEnded).toBe(true));
    const all = received(socket);
    socket.resume();
    expect((await all).length).toBe(8 * 1024 * 1024);
  });

  it("survives a client that goes away during output", async () => {
    const session = fakeSession();
    await start(attaching(session));
    const socket = server.dial();
    socket.write(attachHead(upgrade));
    await receives(socket, "\r\n\r\n");
    await closed(socket);
    session.output.write("a");
    session.output.write("b");
    await vi.waitFor(() => expect(session.destroy).toHaveBeenCalledTimes(1));
    expect((await server.ask("GET", "/_ping")).status).toBe(200);
  });
});

describe("a client that loses what comes together with the head", () => {
  const python = "User-Agent: docker-sdk-python/5.0.3\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n";

  it("gets its output when it has read the head", async () => {
    const session = fakeSession({ stdin: false });
    session.output.end("output");
    let unread = 100;
    server = await TestServer.start(attaching(session), { unread: () => unread });
    const socket = server.dial();
    const chunks: string[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk.toString("latin1")));
    socket.write(attachHead(python));
    await vi.waitFor(() => expect(chunks.join("")).toContain("\r\n\r\n"));
    expect(chunks.join("")).not.toContain("output");
    const over = new Promise((resolve) => socket.once("end", resolve));
    unread = 0;
    await over;
    expect(chunks.at(-1)).toBe("output");
    socket.destroy();
  });

  it("leaves nothing behind where it goes away meanwhile", async () => {
    const session = fakeSession();
    server = await TestServer.start(attaching(session), { unread: () => 1 });
    const socket = server.dial();
    socket.write(attachHead(python));
    await receives(socket, "\r\n\r\n");
    session.output.destroy(new Error("monitor gone"));
    await closed(socket);
    await vi.waitFor(() => expect(session.destroy).toHaveBeenCalledTimes(1), { timeout: 5_000 });
  });
});

describe("exec start", () => {
  const execHead = (body: string, headers = upgrade) =>
    `POST /v1.51/exec/e/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${headers}\r\n`;

  it.each([upgrade, ""])("reads its JSON body and then is raw (%j)", async (headers) => {
    const session = fakeSession({ tty: false });
    const begin = vi.fn<(id: string, body: object) => Promise<AttachSession>>(async () => session);
    await start({ execs: { start: begin } });
    const socket = server.dial();
    const body = '{"Detach":false,"Tty":false,"ConsoleSize":null}';
    socket.write(`${execHead(body, headers)}${body}first`);
    await receives(socket, "\r\n\r\n");
    socket.end(" second");
    expect((await collect(session.input)).toString()).toBe("first second");
    expect(begin).toHaveBeenCalledWith("e", { Detach: false, Tty: false });
    const out = received(socket);
    session.output.end("done");
    expect(await out).toBe("done");
  });

  it("answers 200 where it was detached", async () => {
    await start({ execs: { start: async () => undefined } });
    const answer = await server.ask("POST", "/exec/e/start", { Detach: true });
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });

  it("tells in the stream that the program could not run, as Docker does", async () => {
    const error = new BerthError("invalid", "OCI runtime exec failed", { exitCode: 127 });
    await start({ execs: { start: () => Promise.reject(error) } });
    const socket = server.dial();
    socket.write(`${execHead("{}")}{}`);
    const answer = await received(socket);
    const line = "OCI runtime exec failed\r\n";
    expect(answer).toContain("101 UPGRADED");
    expect(answer.endsWith(frameHeader(1, line.length).toString("latin1") + line)).toBe(true);
    const detached = await server.ask("POST", "/exec/e/start", { Detach: true });
    expect([detached.status, detached.json]).toEqual([400, { message: "OCI runtime exec failed" }]);
  });

  it.each([
    ["not json", 400, "invalid JSON: "],
    ['{"Detach":"yes"}', 400, "cannot unmarshal string into Go struct field ExecStartOptions.Detach of type bool"],
    ['{"Frob":1}', 400, "Frob is not a field of this API"],
  ])("refuses the body %s", async (body, status, message) => {
    await start({});
    const answer = await server.ask("POST", "/exec/e/start", body);
    expect([answer.status, (answer.json as { message: string }).message]).toEqual([
      status,
      expect.stringContaining(message),
    ]);
  });

  it("refuses a body that is too long before it is sent", async () => {
    await start({});
    const socket = server.dial();
    socket.write(execHead("{}").replace("Content-Length: 2", "Content-Length: 99999999"));
    expect(await received(socket)).toContain("HTTP/1.1 413 ");
    socket.destroy();
  });
});

async function collect(stream: Readable | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("close", () => resolve());
    socket.destroy();
  });
}
