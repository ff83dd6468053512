import { readFileSync } from "node:fs";
import { BerthError, invalid } from "../../lib/index.ts";
import { codeOf } from "../../system/index.ts";
import { type ReservedPort, reservePort } from "../../system/netlink/index.ts";
import { parseAddress } from "../address.ts";
import type { Endpoint, PublishedPort } from "../network.ts";
import type { PortRequest } from "./plan-ports.ts";
import { holderOf } from "./port-holder.ts";

/** The ports of the host that containers have. Each is held against other programs as long as it is here. */
export interface PortBook {
  /** Takes them all or none. Fails "conflict" with Docker's text, and with who has the port. */
  take(owner: string, requests: readonly PortRequest[], to: PortTarget): Promise<PublishedPort[]>;
  /** Takes back what an earlier daemon had given out; a port that another program has taken since is only reported. */
  claim(owner: string, ports: readonly PublishedPort[]): string[];
  release(ports: readonly PublishedPort[]): void;
}

export interface PortTarget {
  /** The endpoints through which the container is reached. */
  readonly v4: Endpoint | undefined;
  readonly v6: Endpoint | undefined;
  /** Address for requests that name none. */
  readonly publishOn: string;
}

interface Held {
  readonly owner: string;
  readonly port: PublishedPort;
  readonly socket: ReservedPort;
}

const keyOf = ({ protocol, hostIp, hostPort }: PublishedPort) => `${protocol} ${hostIp} ${hostPort}`;

export function createPortBook(): PortBook {
  const held = new Map<string, Held>();
  let next = 0;
  const hold = (owner: string, port: PublishedPort) => {
    held.set(keyOf(port), { owner, port, socket: reservePort(port.protocol, port.hostIp, port.hostPort) });
  };
  const release = (ports: readonly PublishedPort[]) => {
    for (const port of ports) {
      held.get(keyOf(port))?.socket.release();
      held.delete(keyOf(port));
    }
  };
  /** Holds one host port for every family of a request; undefined where it is taken. */
  const tryPort = (owner: string, wanted: readonly PublishedPort[]): boolean => {
    const done: PublishedPort[] = [];
    try {
      for (const port of wanted) {
        hold(owner, port);
        done.push(port);
      }
      return true;
    } catch (error) {
      release(done);
      if (codeOf(error) === "EADDRINUSE") return false;
      if (codeOf(error) === "EADDRNOTAVAIL")
        throw new BerthError(
          "invalid",
          `failed to bind host port: ${wanted[0]?.hostIp} is not an address of this host`,
        );
      throw error;
    }
  };
  const takeOne = async (owner: string, request: PortRequest, to: PortTarget): Promise<PublishedPort[]> => {
    const targets = targetsOf(request, to);
    const [first, last] = request.range ?? ephemeral();
    const count = last - first + 1;
    for (let tries = 0; tries < count; tries++) {
      const number = request.range === undefined ? first + ((next + tries) % count) : first + tries;
      const wanted = targets.map((target) => ({ ...target, hostPort: number }));
      if (!tryPort(owner, wanted)) continue;
      if (request.range === undefined) next = (number - first + 1) % count;
      return wanted;
    }
    if (request.range === undefined) throw new BerthError("exhausted", "all ports are allocated");
    throw await taken(targets, first, last);
  };
  const taken = async (targets: readonly Omit<PublishedPort, "hostPort">[], first: number, last: number) => {
    const [target] = targets;
    const where = target?.hostIp.includes(":") ? `[${target.hostIp}]` : target?.hostIp;
    const span = first === last ? String(first) : `${first}-${last}`;
    const other = [...held.values()].find(
      ({ port }) =>
        port.protocol === target?.protocol &&
        port.hostPort === first &&
        targets.some((each) => meets(each.hostIp, port.hostIp)),
    );
    const who = other === undefined ? await holderOf(target?.protocol ?? "tcp", first) : `container ${other.owner}`;
    const tail = who === undefined ? "" : `: ${who} has it`;
    return new BerthError("internal", `Bind for ${where}:${span} failed: port is already allocated${tail}`);
  };
  return {
    async take(owner, requests, to) {
      const all: PublishedPort[] = [];
      try {
        for (const request of requests) all.push(...(await takeOne(owner, request, to)));
        return all;
      } catch (error) {
        release(all);
        throw error;
      }
    },
    claim(owner, ports) {
      const failed: string[] = [];
      for (const port of ports) {
        try {
          hold(owner, port);
        } catch (error) {
          failed.push(`port ${port.hostIp}:${port.hostPort}/${port.protocol} of container ${owner}: ${String(error)}`);
        }
      }
      return failed;
    },
    release,
  };
}

const isAny = (ip: string) => ip === "0.0.0.0" || ip === "::";
const meets = (a: string, b: string) => a.includes(":") === b.includes(":") && (isAny(a) || isAny(b) || a === b);

/** Where a request leads, once for each family that it is for. Throws "invalid" where the container has no such address. */
function targetsOf(request: PortRequest, { v4, v6, publishOn }: PortTarget): Omit<PublishedPort, "hostPort">[] {
  const { protocol, containerPort } = request;
  const hostIp = request.hostIp || publishOn;
  const base = { protocol, containerPort };
  const four = v4 && v4.ipv4 !== "" ? { ...base, address: v4.ipv4, network: v4.network } : undefined;
  const six = v6 && v6.ipv6 !== "" ? { ...base, address: v6.ipv6, network: v6.network } : undefined;
  if (request.hostIp === "" && hostIp === "0.0.0.0") {
    const both = [...(four ? [{ ...four, hostIp }] : []), ...(six ? [{ ...six, hostIp: "::" }] : [])];
    if (both.length > 0) return both;
  }
  const target = parseAddress(hostIp)?.family === 6 ? six : four;
  if (target === undefined) throw invalid(`cannot publish on ${hostIp}: the container has no address of that family`);
  return [{ ...target, hostIp }];
}

function ephemeral(): [number, number] {
  try {
    const [first = 0, last = 0] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "latin1")
      .trim()
      .split(/\s+/)
      .map(Number);
    if (first > 0 && last >= first) return [first, last];
  } catch {
    // Then the kernel's default.
  }
  return [32768, 60999];
}
