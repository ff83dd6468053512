import { readdirSync } from "node:fs";
import { Agent, request } from "node:http";
import { afterEach, expect, it } from "vitest";
import type { AttachSession } from "../../engine/index.ts";
import { notFound } from "../../lib/index.ts";
import { received, TestServer } from "./fake-engine.ts";

let server: TestServer;
afterEach(() => server[Symbol.asyncDispose]());

const bodies = [
  "{",
  '{"a":',
  "null",
  '"x"',
  `{"Env":[${"1,".repeat(50)}1]}`,
  '{"HostConfig":{"Binds":[{}]}}',
  "\u0000\u0001",
  `{"Image":"${"x".repeat(500)}","Frob":1}`,
  `{"Labels":${'{"a":'.repeat(200)}1${"}".repeat(200)}}`,
];

const descriptors = () => readdirSync("/proc/self/fd").length;

/** Bytes in use after garbage was collected, where vitest lets us; otherwise as they are. */
function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function post(agent: Agent, path: string, body: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const call = request({ socketPath: server.path, method: "POST", path, headers, agent }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    });
    call.on("error", reject).end(body);
  });
}

it("ten thousand malformed bodies leave memory and descriptors as they were", async () => {
  server = await TestServer.start({});
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const burst = async (count: number) => {
    for (let sent = 0; sent < count; sent += 100) {
      const indexes = Array.from({ length: 100 }, (_, index) => sent + index);
      const paths = ["/containers/create", "/containers/c/exec", "/exec/e/start", "/volumes/create"];
      const statuses = await Promise.all(
        indexes.map((index) =>
          post(agent, paths[index % 4] ?? "", bodies[Math.floor(index / 4) % bodies.length] ?? ""),
        ),
      );
      expect(statuses.every((status) => status !== undefined && status >= 400 && status <= 500)).toBe(true);
    }
  };
  await burst(2_000);
  const [before, files] = [heap(), descriptors()];
  await burst(10_000);
  expect(descriptors()).toBeLessThanOrEqual(files + 5);
  expect(heap() - before).toBeLessThan(30_000_000);
  agent.destroy();
}, 60_000);

it("two thousand clients that hang up in the middle leave no session and no descriptor", async () => {
  let open = 0;
  const { PassThrough } = await import("node:stream");
  const attach = async (ref: string): Promise<AttachSession> => {
    if (ref === "none") throw notFound("No such container: none");
    open++;
    const output = new PassThrough();
    let over = false;
    return {
      tty: true,
      output,
      input: new PassThrough(),
      destroy() {
        if (!over) open--;
        over = true;
      },
    };
  };
  server = await TestServer.start({ containers: { attach } });
  const files = descriptors();
  for (let round = 0; round < 2_000; round++) {
    const socket = server.dial();
    socket.on("error", () => {});
    const ref = round % 3 === 0 ? "none" : "c";
    const headers = round % 2 === 0 ? "Connection: Upgrade\r\nUpgrade: tcp\r\n" : "";
    socket.write(`POST /containers/${ref}/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: d\r\n${headers}\r\nstdin`);
    await new Promise((resolve) => socket.once("data", resolve));
    const over = received(socket).catch(() => "");
    socket.destroy();
    void over;
  }
  // those that stay are noticed by their next byte, or by the probe
  await expect.poll(descriptors, { timeout: 20_000 }).toBeLessThanOrEqual(files + 5);
  await expect.poll(() => open, { timeout: 20_000 }).toBe(0);
}, 60_000);
