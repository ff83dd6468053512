import { createServer } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ContainerInspect } from "../../spec/api/index.ts";
import { parseCondition } from "./condition.ts";
import { createLineSearch } from "./line-search.ts";
import { isListening, listensOn } from "./listening.ts";

test("conditions", () => {
  expect(parseCondition("healthy")).toEqual({ kind: "healthy" });
  expect(parseCondition("log=a=b|c")).toEqual({ kind: "log", pattern: /a=b|c/u });
  expect(parseCondition("port=8080")).toEqual({ kind: "port", port: 8080 });
});

test.each(["", "healthy=1", "log=", "log", "port=0", "port=65536", "port=x", "port=", "ready"])("not %j", (text) => {
  expect(() => parseCondition(text)).toThrow(`invalid condition ${JSON.stringify(text)}`);
});

test("a pattern that is none says why", () => {
  expect(() => parseCondition("log=(")).toThrow('invalid pattern "("');
});

test("a line is found wherever the stream is cut, and not across lines", () => {
  const bytes = Buffer.from("one\nzwölf ready\r\nend");
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length })), (cuts) => {
      const search = createLineSearch(/^zwölf ready$/u);
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const found = places.slice(1).map((end, index) => search.add(bytes.subarray(places[index], end)));
      expect(found.filter(Boolean)).toHaveLength(1);
    }),
  );
  const search = createLineSearch(/one.*two|last/u);
  expect(search.add(Buffer.from("one\ntwo\nla"))).toBe(false);
  expect(search.add(Buffer.from("st"))).toBe(false);
  expect(search.end()).toBe(true);
});

test("a line without end does not fill the memory", () => {
  const search = createLineSearch(/x/);
  for (let turn = 0; turn < 100; turn++) expect(search.add(Buffer.alloc(64 * 1024, "a"))).toBe(false);
  expect(search.end()).toBe(false);
});

const header = "  sl  local_address rem_address   st tx_queue\n";

test("listening sockets of /proc/PID/net/tcp", () => {
  const text = `${header}   0: 0100007F:1F90 00000000:0000 0A 0\n   1: 0100007F:0050 0100007F:0001 01 0\n`;
  expect(listensOn(text, 8080)).toBe(true);
  expect(listensOn(text, 80)).toBe(false);
  expect(listensOn("", 80)).toBe(false);
});

test("a container that is elsewhere is asked by connecting", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const container = (HostPort: number) =>
    ({
      Id: "f".repeat(64),
      State: { Pid: process.pid },
      NetworkSettings: { Networks: {}, Ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: String(HostPort) }] } },
    }) as unknown as ContainerInspect;
  try {
    expect(await isListening(container(port), 80)).toBe(true);
    expect(await isListening(container(port), 81)).toBe(false);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  expect(await isListening(container(port), 80)).toBe(false);
});
