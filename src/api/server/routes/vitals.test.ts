import { afterEach, expect, test } from "vitest";
import { conflict } from "../../../lib/index.ts";
import type { ContainerStats } from "../../../spec/api/index.ts";
import { type EnginePart, receives, TestServer } from "../fake-engine.ts";

let server: TestServer | undefined;
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

async function start(vitals: NonNullable<EnginePart["vitals"]>): Promise<TestServer> {
  server = await TestServer.start({ vitals });
  return server;
}

const document = (read: string) => ({ read }) as ContainerStats;

test("top hands on the options of ps, and its refusals", async () => {
  const asked: string[] = [];
  const api = await start({
    async top(ref, text) {
      asked.push(`${ref} ${text}`);
      if (ref === "off") throw conflict("container off is not running");
      return { Titles: ["PID"], Processes: [["1"]] };
    },
  });
  const answer = await api.ask("GET", "/containers/web/top?ps_args=-o%20pid");
  expect(answer).toMatchObject({ status: 200, json: { Titles: ["PID"], Processes: [["1"]] } });
  expect((await api.ask("GET", "/v1.51/containers/off/top")).status).toBe(409);
  expect(asked).toEqual(["web -o pid", "off "]);
});

test("stats is one document, or a stream that ends with its reader", async () => {
  const asked: unknown[] = [];
  let left = false;
  const api = await start({
    async stats(_, options, signal) {
      asked.push(options);
      return (async function* () {
        yield document("one");
        if (!options.stream) return;
        yield document("two");
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        left = true;
      })();
    },
  });
  expect((await api.ask("GET", "/containers/web/stats?stream=0&one-shot=1")).json).toEqual({ read: "one" });
  const socket = api.dial();
  socket.write("GET /containers/web/stats HTTP/1.1\r\nHost: x\r\n\r\n");
  await receives(socket, '{"read":"two"}');
  socket.destroy();
  await expect.poll(() => left).toBe(true);
  expect(asked).toEqual([
    { stream: false, oneShot: true },
    { stream: true, oneShot: false },
  ]);
});

test("update takes limits and the restart policy, and refuses what it does not know", async () => {
  const changes: unknown[] = [];
  const api = await start({
    async update(_, change) {
      changes.push(change);
      return { Warnings: null };
    },
  });
  const body = { Memory: 7e6, RestartPolicy: { Name: "always" } };
  const answer = await api.ask("POST", "/containers/web/update", body);
  expect(answer).toMatchObject({ status: 200, json: { Warnings: null } });
  expect(changes).toEqual([body]);
  expect((await api.ask("POST", "/containers/web/update", { Memory: "much" })).status).toBe(400);
});
