import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { BerthError } from "../../lib/index.ts";
import type { Host } from "../transport/index.ts";
import { bun, dialBun } from "./bun-wire.ts";
import { streamWire, type Wire } from "./wire.ts";

/** PEM files, by their paths, of a TLS connection. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Whether the server's certificate and name are checked. */
  readonly verify: boolean;
}

/** A daemon's address and how to speak to it. `text` is the address in the user's own spelling, for messages. */
export interface Endpoint {
  readonly host: Host;
  readonly tls?: TlsFiles;
  readonly text: string;
}

type SshHost = Host & { kind: "ssh" };

/** Opens a connection to the endpoint. Rejects with the socket's own error (ENOENT, ECONNREFUSED, EACCES, …). */
export async function dial({ host, tls }: Endpoint): Promise<Wire> {
  switch (host.kind) {
    case "unix":
      return bun === undefined ? dialNode({ path: host.path }) : dialBun(bun, { unix: host.path });
    case "tcp":
      if (tls !== undefined) return streamWire(await dialTls(host, tls));
      return bun === undefined ? dialNode(host) : dialBun(bun, { hostname: host.host, port: host.port });
    case "ssh":
      return streamWire(await dialSsh(host));
    case "fd":
      throw new BerthError("invalid", "a client cannot connect to fd://");
  }
}

async function dialNode(address: { path: string } | { host: string; port: number }): Promise<Wire> {
  const net = await import("node:net");
  const options =
    "path" in address ? { path: address.path } : { host: address.host, port: address.port, noDelay: true };
  return streamWire(await connected(net.connect({ ...options, allowHalfOpen: true } as never), "connect"));
}

function connected(socket: Socket, event: "connect" | "secureConnect"): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once(event, () => {
      socket.removeListener("error", reject);
      resolve(socket);
    });
  });
}

async function dialTls(endpoint: { host: string; port: number }, files: TlsFiles): Promise<Duplex> {
  const [tls, net, { readFile }] = await Promise.all([
    import("node:tls"),
    import("node:net"),
    import("node:fs/promises"),
  ]);
  const read = (path: string | undefined) => (path === undefined ? undefined : readFile(path));
  const [ca, cert, key] = await Promise.all([read(files.ca), read(files.cert), read(files.key)]);
  const socket = tls.connect({
    host: endpoint.host,
    port: endpoint.port,
    ...(net.isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
    rejectUnauthorized: files.verify,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  return connected(socket, "secureConnect");
}

async function dialSsh(host: SshHost): Promise<Duplex> {
  const [{ spawn }, stream] = await Promise.all([import("node:child_process"), import("node:stream")]);
  const flags = host.path === undefined ? "" : ` --host unix://${shellQuote(host.path)}`;
  const join = (program: string) => `exec ${program}${flags} system dial-stdio`;
  const remote = `if command -v berth >/dev/null; then ${join("berth")}; else ${join("docker")}; fi`;
  const args = [
    ...(host.user === undefined ? [] : ["-l", host.user]),
    ...(host.port === undefined ? [] : ["-p", String(host.port)]),
    "-o",
    "ConnectTimeout=30",
    "-T",
    "--",
    host.host,
    remote,
  ];
  const child = spawn("ssh", args, { stdio: ["pipe", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    child.once("error", (cause) => reject(new BerthError("unavailable", "cannot run ssh", { cause })));
    child.once("spawn", resolve);
  });
  return stream.Duplex.from({ readable: child.stdout, writable: child.stdin });
}

/** ssh gives its argument to the remote user's shell. */
const shellQuote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
