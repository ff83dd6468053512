import { invalid } from "../../lib/index.ts";

/** Where a daemon listens when nothing else is said, and where clients look for it. */
export const DEFAULT_SOCKET = "/run/berth/berth.sock";

/** A daemon's address, parsed. `port` is 1–65535 (0 where the caller allows it: any free port). */
export type Host =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly basePath: string }
  | {
      readonly kind: "ssh";
      readonly user?: string;
      readonly host: string;
      readonly port?: number;
      readonly path?: string;
    }
  | { readonly kind: "fd"; readonly name: string };

export interface ParseHostOptions {
  /** Chooses the default TCP port: 2376 with TLS, 2375 without. */
  tls?: boolean;
  /** What an empty TCP host means; "localhost" unless given. A listener passes "" to see that none was named. */
  defaultHost?: string;
  /** Allows port 0, which a listener takes as "any free one". */
  allowPortZero?: boolean;
}

/**
 * Parses an address as `docker -H` and `dockerd -H` write it: `unix:///path`, `tcp://host:port`, `ssh://user@host/path`,
 * `fd://`, or `host:port`. Empty text is the default socket. Fails "invalid" with Docker's texts.
 */
export function parseHost(text: string, options: ParseHostOptions = {}): Host {
  const address = text.trim();
  if (address === "") return { kind: "unix", path: DEFAULT_SOCKET };
  const cut = address.indexOf("://");
  const proto = cut < 0 ? "tcp" : address.slice(0, cut);
  const rest = cut < 0 ? address : address.slice(cut + 3);
  switch (proto) {
    case "unix":
      return parseUnix(address, rest);
    case "tcp":
      return parseTcp(address, rest, options);
    case "ssh":
      return parseSsh(address);
    case "fd":
      return { kind: "fd", name: rest };
    default:
      throw invalid(`invalid bind address (${address}): unsupported proto '${proto}'`);
  }
}

function parseUnix(address: string, rest: string): Host {
  if (rest === "") return { kind: "unix", path: DEFAULT_SOCKET };
  if (rest.includes("://")) throw invalid(`invalid bind address (${address}): invalid unix address: ${rest}`);
  if (rest.startsWith("@") || rest.includes("\0"))
    throw invalid(`invalid bind address (${address}): abstract sockets have no permissions: name a path`);
  // sockaddr_un holds 107 bytes and a NUL
  if (Buffer.byteLength(rest) > 107)
    throw invalid(`invalid bind address (${address}): the path is longer than 107 bytes`);
  return { kind: "unix", path: rest };
}

function parseTcp(address: string, rest: string, options: ParseHostOptions): Host {
  const bad = (why: string) => invalid(`invalid bind address (${address}): ${why}`);
  const slash = rest.indexOf("/");
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const basePath = slash < 0 ? "" : rest.slice(slash).replace(/\/+$/, "");
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^:[\]]*))(?::(\d*))?$/.exec(authority);
  if (match === null) throw bad("invalid host or port");
  const named = match[1] ?? match[2] ?? "";
  if (authority.includes("@")) throw bad("user info is not allowed");
  if (named !== "" && match[1] === undefined && !/^[A-Za-z0-9_.-]+$/.test(named)) throw bad("invalid host");
  return {
    kind: "tcp",
    host: named === "" ? (options.defaultHost ?? "localhost") : named,
    port: parsePort(match[3], options, bad),
    basePath,
  };
}

function parsePort(text: string | undefined, options: ParseHostOptions, bad: (why: string) => Error): number {
  if (text === undefined || text === "") return options.tls === true ? 2376 : 2375;
  const port = Number(text);
  if (port > 65535 || (port === 0 && options.allowPortZero !== true)) throw bad(`invalid port '${text}'`);
  return port;
}

function parseSsh(address: string): Host {
  const bad = (why: string) => invalid(`unable to parse docker host \`${address}\`: ${why}`);
  const match = /^ssh:\/\/(?:([^@/]*)@)?(\[[^\]/]+\]|[^:@/]+)(?::(\d+))?(\/.*)?$/.exec(address);
  const [, user, host, port, path] = match ?? [];
  if (host === undefined) throw bad("no host specified");
  if (user?.includes(":")) throw bad("plain-text password is not supported");
  // these become arguments of ssh(1): one that begins with a dash would be an option
  if (host.startsWith("-") || user?.startsWith("-")) throw bad("host and user must not begin with a dash");
  if (/[\s\0]/.test(address)) throw bad("white space is not allowed");
  return {
    kind: "ssh",
    host: host.replace(/^\[|\]$/g, ""),
    ...(user === undefined || user === "" ? {} : { user }),
    ...(port === undefined ? {} : { port: parsePort(port, {}, bad) }),
    ...(path === undefined || path === "/" ? {} : { path }),
  };
}

/** The address in `-H` form; parseHost gives the same Host back. */
export function formatHost(host: Host): string {
  switch (host.kind) {
    case "unix":
      return `unix://${host.path}`;
    case "fd":
      return `fd://${host.name}`;
    case "tcp":
      return `tcp://${bracket(host.host)}:${host.port}${host.basePath}`;
    case "ssh": {
      const user = host.user === undefined ? "" : `${host.user}@`;
      const port = host.port === undefined ? "" : `:${host.port}`;
      return `ssh://${user}${bracket(host.host)}${port}${host.path ?? ""}`;
    }
  }
}

const bracket = (host: string) => (host.includes(":") ? `[${host}]` : host);

/** Whether a TCP host names this machine's loopback: 127.0.0.0/8, ::1 or localhost. An empty host does not. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, "");
  return name === "localhost" || name === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}
