import { chmodSync, chownSync, lstatSync, mkdirSync, unlinkSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { BerthError, doing, invalid } from "../../lib/index.ts";
import { formatHost, type Host } from "./host.ts";

export interface ListenOptions {
  /** Group that may use a unix socket, by its number; only the owner's group otherwise. */
  gid?: number;
  env?: NodeJS.ProcessEnv;
}

/** Connections that may wait to be taken: the kernel's own limit, as Go has it. Past it, clients fail at once. */
const backlog = 4096;

/**
 * Makes a server listen on a parsed address and resolves with the address that it got (port 0 is filled in). A unix
 * socket is 0660 from its first moment; a stale one is replaced, one that a living process serves is refused.
 */
export async function listen(server: Server, host: Host, options: ListenOptions = {}): Promise<Host> {
  try {
    switch (host.kind) {
      case "unix":
        await listenUnix(server, host.path, options.gid);
        return host;
      case "tcp":
        await bound(server, () => server.listen({ host: host.host, port: host.port, backlog }));
        return { ...host, port: portOf(server) };
      case "fd":
        await bound(server, () => server.listen({ fd: inheritedFd(host.name, options.env ?? process.env) }));
        return host;
      case "ssh":
        throw invalid("a daemon cannot listen on ssh: clients use it to reach a unix socket");
    }
  } catch (error) {
    throw doing(`failed to listen on ${formatHost(host)}`, error);
  }
}

async function listenUnix(server: Server, path: string, gid: number | undefined): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  await removeStale(path);
  await bound(server, () => {
    // bind makes the file within this call, and the mask is put back before anything else runs
    const mask = process.umask(0o117);
    try {
      server.listen({ path, backlog });
    } finally {
      process.umask(mask);
    }
  });
  if (gid !== undefined) chownSync(path, -1, gid);
  chmodSync(path, 0o660);
}

async function removeStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new BerthError("conflict", `${path} exists and is not a socket`);
  if (await isServed(path)) throw new BerthError("conflict", `another process serves ${path}`);
  unlinkSync(path);
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    const settle = (served: boolean) => {
      probe.destroy();
      resolve(served);
    };
    // a full backlog (EAGAIN) is a living server, too
    probe.on("connect", () => settle(true));
    probe.on("error", (error: NodeJS.ErrnoException) => settle(error.code === "EAGAIN"));
  });
}

function bound(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => {
      server.off("listening", onListening).off("error", onError);
      done();
    };
    const onListening = () => settle(resolve);
    const onError = (error: Error) => settle(() => reject(error));
    server.on("listening", onListening).on("error", onError);
    start();
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** systemd's socket activation: descriptors from 3 on, for this pid, with optional names. */
export function inheritedFd(name: string, env: NodeJS.ProcessEnv): number {
  const count = Number(env.LISTEN_FDS ?? 0);
  if (!(count > 0) || (env.LISTEN_PID !== undefined && env.LISTEN_PID !== String(process.pid)))
    throw invalid("no sockets found via socket activation: make sure the service was started by systemd");
  const named = (env.LISTEN_FDNAMES ?? "").split(":").indexOf(name);
  const fd = name === "" ? 3 : named >= 0 ? 3 + named : Number(name);
  if (!Number.isInteger(fd) || fd < 3 || fd >= 3 + count) throw invalid(`socket activation passed no socket '${name}'`);
  return fd;
}
