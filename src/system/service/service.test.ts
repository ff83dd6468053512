import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lockFile, notifyService, unreadBytes } from "./index.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "berth-service-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe("lockFile", () => {
  it("is held by one at a time, and can be taken again when it was released", () => {
    const path = join(dir, "lock");
    const lock = lockFile(path);
    expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
    expect(() => lockFile(path)).toThrow(`is locked by process ${process.pid}`);
    lock.release();
    lockFile(path).release();
  });

  it("is no concern of children, and goes with a process that is killed", async () => {
    const path = join(dir, "other");
    const holder = spawn("flock", ["-x", path, "sh", "-c", "echo held; exec sleep 60"], { detached: true });
    await once(holder.stdout, "data");
    expect(() => lockFile(path)).toThrow("is locked by process unknown");
    process.kill(-(holder.pid ?? 0), "SIGKILL");
    await once(holder, "close");
    const lock = lockFile(path);
    const child = execFileSync("sh", ["-c", "ls -l /proc/self/fd"], { encoding: "utf8" });
    expect(child).not.toContain(path);
    lock.release();
  });
});

const hasPython = spawnSync("python3", ["--version"]).status === 0;

it("unreadBytes tells whether the peer of a unix socket has read", async () => {
  const path = join(dir, "peer");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = connect({ path });
  client.pause();
  const [socket] = (await once(server, "connection")) as [Socket & { _handle: { fd: number } }];
  const unread = () => unreadBytes(socket._handle.fd);
  expect(unread()).toBe(0);
  await new Promise((resolve) => socket.write("hello", resolve));
  expect(unread()).toBeGreaterThan(0);
  client.resume();
  await expect.poll(unread).toBe(0);
  client.destroy();
  server.close();
  expect(() => unreadBytes(-1)).toThrow("EBADF");
});

describe("notifyService", () => {
  it("says nothing where nobody asks", () => {
    notifyService("READY=1", {});
  });

  it("fails with the path of a socket that is not there", () => {
    expect(() => notifyService("READY=1", { NOTIFY_SOCKET: join(dir, "none") })).toThrow(/ENOENT.*none/);
  });

  // Node has no datagram sockets of the unix family to stand in for the manager
  it.skipIf(!hasPython).each(["path", "abstract"])("reaches a manager at a %s address", async (form) => {
    const address = form === "path" ? join(dir, "notify") : `@${join(dir, "abstract")}`;
    const listen = `
import socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\\0" + name[1:] if name[0] == "@" else name)
print("bound", flush=True)
print(s.recv(100).decode(), flush=True)`;
    const manager = spawn("python3", ["-c", listen, address]);
    const lines = createInterface({ input: manager.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("bound");
    notifyService("READY=1", { NOTIFY_SOCKET: address });
    expect((await lines.next()).value).toBe("READY=1");
  });
});
