import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync } from "node:fs";
import dnsPacket from "dns-packet";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bindDatagram, bindListener, connectDatagram, sendTo } from "../../../system/sockets/index.ts";
import { createNameTable, type NameView, type Upstreams } from "../names/index.ts";
import { type ContainerNetwork, createContainerNetwork, dataOf } from "../testing/container-network.ts";
import { createFakeUpstream, type FakeUpstream, reply } from "../testing/fake-upstream.ts";
import { createNameServer, type NameServer } from "./name-server.ts";

const table = createNameTable("app");
table.set("1", { names: ["db"], addresses: ["10.1.0.2"] });
for (let i = 1; i < 200; i++) table.set(`m${i}`, { names: ["many"], addresses: [`10.1.1.${i}`] });

let one: ContainerNetwork;
let two: ContainerNetwork;
let first: FakeUpstream;
let second: FakeUpstream;
let server: NameServer;
let upstreams: Upstreams;
const warnings: string[] = [];
const view: NameView = { networks: () => [{ table }], upstreams: () => upstreams };
const host = ({ address, port }: FakeUpstream) => ({ address, port, from: "host" as const });

beforeAll(async () => {
  [one, two, first, second] = await Promise.all([
    createContainerNetwork(),
    createContainerNetwork(),
    createFakeUpstream("192.0.2.1"),
    createFakeUpstream("192.0.2.2"),
  ]);
  start();
});
afterEach(() => {
  for (const [upstream, address] of [
    [first, "192.0.2.1"],
    [second, "192.0.2.2"],
  ] as const) {
    upstream.behave((query) => [reply(query, [address])]);
    upstream.asked.length = 0;
  }
  upstreams = { servers: [host(first), host(second)], external: true, timeoutMs: 150 };
  expect(warnings).toEqual([]);
});
afterAll(() => {
  server.close();
  for (const each of [one, two, first, second]) each.close();
});

function start() {
  upstreams = { servers: [host(first), host(second)], external: true, timeoutMs: 150 };
  server = createNameServer({ warn: (message) => warnings.push(message) });
  for (const { pid, namespace } of [one, two]) server.serve({ containerId: String(pid), namespace, view });
}

test("names are answered over UDP and TCP, several on one connection", async () => {
  expect(dataOf(await one.ask("db"))).toEqual(["10.1.0.2"]);
  expect(dataOf(await one.ask("db", "A", { over: "tcp" }))).toEqual(["10.1.0.2"]);
  expect(dataOf(await one.ask("2.0.1.10.in-addr.arpa", "PTR", { over: "tcp" }))).toEqual(["db.app"]);
  const questions = ["db", "db.app", "example.com"].map((name, id) =>
    dnsPacket.streamEncode({ id, type: "query", questions: [{ name, type: "A" }] }),
  );
  const answers = (await one.stream(Buffer.concat(questions), 3)).map((each) => dnsPacket.decode(each));
  expect(new Set(answers.map(({ id }) => id))).toEqual(new Set([0, 1, 2]));
  expect((await one.ask("many")).flag_tc).toBe(true);
  expect(dataOf(await one.ask("many", "A", { over: "tcp" }))).toHaveLength(199);
  expect(dataOf(await one.ask("many", "A", { udpSize: 4096 }))).toHaveLength(199);
});

test("the container's own DNS server has 0.0.0.0:53 for itself", async () => {
  const [own, ownStream] = two.inside(() => [
    bindDatagram({ address: "0.0.0.0", port: 53 }, 65_536),
    bindListener({ address: "0.0.0.0", port: 53 }, 8),
  ]);
  const socket = createSocket("udp4", (_, from) => socket.send("mine", from.port, from.address));
  socket.bind({ fd: own?.fd ?? -1, exclusive: true });
  expect(String(await two.send(Buffer.from("x"), { address: "127.0.0.1", port: 53 }))).toBe("mine");
  expect(dataOf(await two.ask("db"))).toEqual(["10.1.0.2"]);
  expect(dataOf(await two.ask("db", "A", { over: "tcp" }))).toEqual(["10.1.0.2"]);
  socket.close();
  closeSync(ownStream?.fd ?? -1);
});

test("other names go to the host's servers with an id of their own", async () => {
  const ids: number[] = [];
  first.behave((query) => {
    ids.push(query.id ?? 0);
    return [reply(query, ["192.0.2.9"])];
  });
  for (const over of ["udp", "tcp"] as const) {
    expect(dataOf(await one.ask("example.com", "A", { over })), over).toEqual(["192.0.2.9"]);
  }
  for (let i = 0; i < 5; i++) await one.ask(`n${i}.example.com`);
  expect(new Set(ids).size).toBeGreaterThan(2);
  expect(second.asked).toEqual([]);
});

test("a server that fails, refuses or is silent is passed over, and asked last from then on", async () => {
  for (const rcode of [2, 5]) {
    first.behave((query) => [reply(query, [], { flags: rcode })]);
    expect(dataOf(await one.ask("example.com")), String(rcode)).toEqual(["192.0.2.2"]);
  }
  first.behave(() => []);
  expect(dataOf(await one.ask("slow.example.com"))).toEqual(["192.0.2.2"]);
  expect(dataOf(await two.ask("after.example.com"))).toEqual(["192.0.2.2"]);
  expect(first.asked).not.toContain("after.example.com");
});

test("a server whose port is closed costs no waiting; without any left it is SERVFAIL", async () => {
  const gone = await createFakeUpstream("192.0.2.3");
  gone.close();
  upstreams = { servers: [host(gone), host(second)], external: true, timeoutMs: 60_000 };
  expect(dataOf(await one.ask("example.com"))).toEqual(["192.0.2.2"]);
  expect(dataOf(await one.ask("example.com", "A", { over: "tcp" }))).toEqual(["192.0.2.2"]);
  upstreams = { servers: [host(gone)], external: true, timeoutMs: 60_000 };
  expect(await one.ask("example.com")).toMatchObject({ rcode: "SERVFAIL" });
  second.behave((query) => [reply(query, [], { flags: 3 })]);
  upstreams = { servers: [host(second)], external: true };
  expect(await one.ask("example.com")).toMatchObject({ rcode: "NXDOMAIN" });
});

test("answers with another id or another question are not taken", async () => {
  first.behave((query) => [
    reply(query, ["6.6.6.6"], { id: ((query.id ?? 0) + 1) % 65_536 }),
    reply(query, ["6.6.6.6"], { questions: [{ name: "evil.com", type: "A" }] }),
    reply(query, ["6.6.6.6"], { type: "query" }),
    Buffer.from([1]),
    reply(query, ["192.0.2.7"]),
  ]);
  upstreams = { servers: [host(first)], external: true };
  expect(dataOf(await one.ask("example.com"))).toEqual(["192.0.2.7"]);
});

test("an answer too long for the client is cut over UDP and whole over TCP, also from a server without TCP", async () => {
  const addresses = Array.from({ length: 100 }, (_, i) => `192.0.2.${i}`);
  first.behave((query, over) => (over === "udp" ? [reply(query, addresses)] : []));
  upstreams = { servers: [host(first)], external: true };
  expect(await one.ask("example.com")).toMatchObject({ flag_tc: true, answers: [] });
  expect(dataOf(await one.ask("example.com", "A", { udpSize: 4096 }))).toEqual(addresses);
  expect(dataOf(await one.ask("example.com", "A", { over: "tcp" }))).toEqual(addresses);
});

test("an internal network forwards nothing from the host", async () => {
  upstreams = { servers: [host(first)], external: false };
  for (const over of ["udp", "tcp"] as const) {
    expect(await one.ask("example.com", "A", { over })).toMatchObject({ rcode: "SERVFAIL" });
    expect(dataOf(await one.ask("db", "A", { over }))).toEqual(["10.1.0.2"]);
  }
  expect(first.asked).toEqual([]);
});

test("a server that the user named is asked from the container's network", async () => {
  const own = two.inside(() => bindDatagram({ address: "127.0.0.1", port: 5300 }, 65_536));
  const socket = createSocket("udp4", (bytes, from) =>
    socket.send(reply(dnsPacket.decode(bytes), ["192.0.2.50"]), from.port, from.address),
  );
  socket.bind({ fd: own.fd, exclusive: true });
  upstreams = { servers: [{ address: "127.0.0.1", port: 5300, from: "container" }], external: false };
  expect(dataOf(await two.ask("example.com"))).toEqual(["192.0.2.50"]);
  expect(await one.ask("example.com")).toMatchObject({ rcode: "SERVFAIL" });
  socket.close();
});

test("any bytes leave the server well, over UDP and TCP", async () => {
  const flood = one.inside(() => connectDatagram({ address: "127.0.0.11", port: 53 }));
  for (const bytes of fc.sample(fc.uint8Array({ maxLength: 600 }), 500)) sendTo(flood, bytes, undefined);
  closeSync(flood);
  for (const bytes of fc.sample(fc.uint8Array({ minLength: 2, maxLength: 200 }), 20)) {
    const framed = Buffer.concat([Buffer.from([0, bytes.length]), bytes]);
    await one.stream(Buffer.concat([framed, framed.subarray(0, 5)]), 1).catch(() => {});
  }
  expect(dataOf(await one.ask("db"))).toEqual(["10.1.0.2"]);
  expect(dataOf(await one.ask("db", "A", { over: "tcp" }))).toEqual(["10.1.0.2"]);
});

test("10,000 queries a second from one container leave the other answered", async () => {
  const script = `
    const socket = require("dgram").createSocket("udp4");
    const query = Buffer.from("${dnsPacket.encode({ id: 1, type: "query", questions: [{ name: "x.example.com", type: "A" }] }).toString("hex")}", "hex");
    socket.on("error", () => {});
    let sent = 0;
    const begin = performance.now();
    setInterval(() => { for (; sent < (performance.now() - begin) * 10; sent++) socket.send(query, 53, "127.0.0.11"); }, 5);
    socket.send(query, 53, "127.0.0.11", () => console.log("begun"));`;
  first.behave(() => []);
  second.behave(() => []);
  const flooder = spawn("nsenter", ["-t", String(one.pid), "-n", process.execPath, "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(flooder.stdout, "data");
    const times: number[] = [];
    for (const end = performance.now() + 1500; performance.now() < end; ) {
      const begin = performance.now();
      expect(dataOf(await two.ask("db"))).toEqual(["10.1.0.2"]);
      times.push(performance.now() - begin);
    }
    times.sort((a, b) => a - b);
    expect(times.length).toBeGreaterThan(20);
    expect(times[Math.floor(times.length / 2)]).toBeLessThan(50);
  } finally {
    flooder.kill("SIGKILL");
    await once(flooder, "exit");
  }
});

test("a new daemon takes over, whether or not the usual port is free", async () => {
  const again = async () => {
    server.close();
    start();
    expect(dataOf(await one.ask("db"))).toEqual(["10.1.0.2"]);
    expect(dataOf(await one.ask("db", "A", { over: "tcp" }))).toEqual(["10.1.0.2"]);
  };
  await again();
  server.close();
  const taken = one.inside(() => bindDatagram({ address: "0.0.0.0", port: 61_053 }, 65_536));
  await again();
  await again();
  server.close();
  closeSync(taken.fd);
  await again();
});

test("a container that ended is reported, and its server closes twice without harm", () => {
  expect(() => server.serve({ containerId: "gone", namespace: "/proc/0/ns/net", view })).toThrow(
    "starting the name server of container gone",
  );
  const serving = server.serve({ containerId: "again", namespace: two.namespace, view });
  expect(serving.redirected).toBe(true);
  serving.close();
  serving.close();
});
