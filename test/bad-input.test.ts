import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine } from "./harness/machine.ts";

describe.skipIf(!isRoot)("bad input", () => {
  let machine: Machine;
  let daemon: Daemon;
  let hostPid: number;
  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    await importBusybox(daemon);
    hostPid = findOnHost(machine, daemon.pid);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${hostPid}/status`, "utf8"))?.[1]);
  const descriptors = () => readdirSync(`/proc/${hostPid}/fd`).length;
  const message = (answer: { json: unknown }) => (answer.json as { message?: string } | undefined)?.message;

  it("answers malformed requests with one clear error in Docker's form", async () => {
    const cases: [string, string, unknown, number][] = [
      ["POST", "/containers/create", "{", 400],
      ["POST", "/containers/create", "[]", 400],
      ["POST", "/containers/create", '{"Image":5}', 400],
      ["POST", "/containers/create", { Image: "BAD//ref" }, 400],
      ["POST", "/containers/create", { Image: "no-such-image" }, 404],
      ["POST", "/containers/create?name=/bad/name", { Image: "busybox" }, 400],
      ["POST", "/containers/create", { Image: "busybox", HostConfig: { Memory: 1 } }, 400],
      ["POST", "/containers/create", { Image: "busybox", HostConfig: { NetworkMode: "container:" } }, 400],
      ["GET", "/containers/nope/json", undefined, 404],
      ["GET", "/containers/json?filters=%7B", undefined, 400],
      ["GET", "/containers/json?limit=x", undefined, 400],
      ["POST", "/containers/nope/start", undefined, 404],
      ["GET", "/images/no%20such/json", undefined, 400],
      ["GET", "/images/sha256:zz/json", undefined, 404],
      ["POST", "/images/load", "this is no archive", 400],
      ["GET", "/v9.99/info", undefined, 400],
      ["GET", "/v1.12/info", undefined, 400],
      ["GET", "/no/such/page", undefined, 404],
    ];
    for (const [method, path, body, status] of cases) {
      const answer = await daemon.request(method, path, body);
      expect([path, body, answer.status]).toEqual([path, body, status]);
      if (path !== "/images/load") expect(message(answer), path).toBeTypeOf("string");
    }
  });

  it("names an endpoint that is not there yet", async () => {
    const answer = await daemon.request("POST", "/v1.51/swarm/init", {});
    expect([501, 503]).toContain(answer.status);
    expect(message(answer)).toBeTypeOf("string");
  });

  it("stays as it was through ten thousand malformed bodies", async () => {
    const bodies = [
      "{",
      '{"a":',
      "null",
      '"x"',
      `{"Env":[${"1,".repeat(50)}1]}`,
      '{"HostConfig":{"Binds":[{}]}}',
      "\u0000\u0001",
      `{"Image":"${"x".repeat(500)}"}`,
    ];
    const burst = async (count: number) => {
      for (let done = 0; done < count; done += 50)
        await Promise.all(
          Array.from({ length: 50 }, async (_, index) => {
            const answer = await daemon.request("POST", "/containers/create", bodies[(done + index) % bodies.length]);
            expect(answer.status).toBeGreaterThanOrEqual(400);
            expect(answer.status).toBeLessThan(500);
          }),
        );
    };
    await burst(2000);
    const [memory, files] = [resident(), descriptors()];
    await burst(10_000);
    expect(descriptors()).toBeLessThanOrEqual(files + 10);
    expect(resident()).toBeLessThan(memory + 40_000);
    expect((await daemon.get("/containers/json?all=1")).json).toEqual([]);
  });

  it("survives clients that send garbage, hang up or stall", async () => {
    const payloads = [
      "\x16\x03\x01\x02\x00",
      "GET / HTTP/9.9\r\n\r\n",
      `GET /${"a".repeat(100_000)} HTTP/1.1\r\n\r\n`,
      "POST /containers/create HTTP/1.1\r\nContent-Length: 99999\r\n\r\n{",
      "",
    ];
    for (const payload of payloads)
      await new Promise<void>((resolve) => {
        const socket = connect(daemon.socket, () => {
          socket.write(payload);
          setTimeout(() => socket.destroy(), 30);
        });
        socket.on("close", () => resolve());
        socket.on("error", () => {});
      });
    expect((await daemon.get("/_ping")).text).toBe("OK");
  });

  it("refuses bad flags and names in the command line with exit codes of Docker's", async () => {
    expect((await daemon.berth(["run", "--memory", "lots", "busybox"])).code).toBe(125);
    expect((await daemon.berth(["nope"])).code).not.toBe(0);
    expect((await daemon.berth(["ps", "--filter", "bogus=1"])).code).toBe(1);
    expect((await daemon.berth(["run", "--name", "bad name", "busybox", "true"])).code).toBe(125);
    expect((await daemon.berth(["ps", "--format", "{{.Nope"])).code).not.toBe(0);
    expect((await daemon.berth(["load"], { input: "garbage" })).code).toBe(1);
  });
});

/** The pid on the host of a process that its machine calls `inner`. */
function findOnHost(machine: Machine, inner: number): number {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      const pids = /NSpid:\s+(.*)/.exec(status)?.[1]?.split("\t") ?? [];
      if (pids.length > 1 && pids.at(-1) === String(inner) && namespaceOf(name) === namespaceOf(String(machine.init)))
        return Number(name);
    } catch {}
  }
  throw new Error(`process ${inner} is not in the machine`);
}

const namespaceOf = (pid: string) => readlinkSync(`/proc/${pid}/ns/pid`);
