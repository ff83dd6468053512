import { closeSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { check, declare } from "./ffi.ts";
import { connectSeqpacket, type PacketConnection } from "./seqpacket.ts";

const SOCK_SEQPACKET_CLOEXEC = 5 | 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_DONTWAIT = 0x40;
const socket = declare("int socket(int domain, int type, int protocol)");
const bind = declare("int bind(int fd, const void *address, uint32_t length)");
const listen = declare("int listen(int fd, int backlog)");
const accept = declare("int accept4(int fd, void *address, void *length, int flags)");
const send = declare("intptr_t send(int fd, const void *data, size_t length, int flags)");
const recv = declare("intptr_t recv(int fd, void *data, size_t length, int flags)");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync("/dev/shm/berth-seqpacket-");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The other side: as conmon's, it accepts, sends, receives and closes when it is told to. */
function serve(path: string) {
  const address = Buffer.alloc(110);
  address.writeUInt16LE(1, 0);
  address.write(path, 2);
  const listener = check("socket", socket(1, SOCK_SEQPACKET_CLOEXEC | SOCK_NONBLOCK, 0));
  check("bind", bind(listener, address, 110));
  check("listen", listen(listener, 10));
  let peer = -1;
  return {
    accept: () => {
      peer = check("accept", accept(listener, null, null, 0o2000000));
    },
    send: (text: string) => check("send", send(peer, Buffer.from(text), text.length, MSG_DONTWAIT)),
    /** Never blocks: the other side is this same process. */
    receive: async () => {
      const buffer = Buffer.alloc(65536);
      for (let turn = 0; turn < 10_000; turn++) {
        const length = recv(peer, buffer, buffer.length, MSG_DONTWAIT);
        if (length >= 0) return buffer.subarray(0, length).toString();
        await new Promise((resolve) => setImmediate(resolve));
      }
      throw new Error("nothing was sent");
    },
    close: () => closeSync(peer),
    stop: () => closeSync(listener),
  };
}

function connected(path: string) {
  const packets: string[] = [];
  let take = true;
  let over: () => void;
  const ended = new Promise<void>((resolve) => {
    over = resolve;
  });
  const connection: PacketConnection = connectSeqpacket(path, {
    buffer: () => Buffer.alloc(8193),
    packet: (length, buffer) => {
      packets.push(Buffer.from(buffer.subarray(0, length)).toString());
      return take;
    },
    end: () => over(),
  });
  return {
    connection,
    packets,
    ended,
    pause: () => {
      take = false;
    },
    until: async (count: number) => {
      while (packets.length < count) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("packets keep their bounds in both directions, and each side can end its own", async () => {
  const server = serve(join(folder, "s"));
  const { connection, packets, until, ended } = connected(join(folder, "s"));
  server.accept();
  for (const text of ["a", "bb", "c".repeat(8193)]) server.send(text);
  await until(3);
  expect(packets).toEqual(["a", "bb", "c".repeat(8193)]);
  await connection.write(Buffer.from("one"));
  await connection.write(Buffer.from("two"));
  connection.closeWrite();
  expect(await server.receive()).toBe("one");
  expect(await server.receive()).toBe("two");
  expect(await server.receive()).toBe("");
  server.send("still heard");
  await until(4);
  server.close();
  await ended;
  server.stop();
});

test("what was sent before the peer closed arrives, however it closes", async () => {
  const before = readdirSync("/proc/self/fd").length;
  const server = serve(join(folder, "s"));
  for (const unread of [false, true]) {
    const { connection, packets, ended } = connected(join(folder, "s"));
    server.accept();
    if (unread) await connection.write(Buffer.from("nobody reads this"));
    for (let index = 0; index < 20; index++) server.send(`packet ${index}`);
    server.close();
    await ended;
    expect(packets).toHaveLength(20);
  }
  server.stop();
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});

test("a reader that says stop gets nothing until it resumes", async () => {
  const server = serve(join(folder, "s"));
  const reader = connected(join(folder, "s"));
  reader.pause();
  server.accept();
  server.send("1");
  server.send("2");
  await reader.until(1);
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(reader.packets).toEqual(["1"]);
  reader.connection.resume();
  await reader.until(2);
  reader.connection.destroy();
  await reader.ended;
  server.close();
  server.stop();
});

test("paths longer than an address are reached; failures have their code", () => {
  const long = join(folder, "x".repeat(100), "y".repeat(100));
  mkdirSync(long, { recursive: true });
  expect(() =>
    connectSeqpacket(join(long, "s"), { buffer: () => Buffer.alloc(1), packet: () => true, end() {} }),
  ).toThrow(expect.objectContaining({ code: "ENOENT" }));
  const server = serve(join(folder, "s"));
  server.stop();
  expect(() =>
    connectSeqpacket(join(folder, "s"), { buffer: () => Buffer.alloc(1), packet: () => true, end() {} }),
  ).toThrow(expect.objectContaining({ code: "ECONNREFUSED" }));
});
