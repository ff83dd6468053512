import type { UpstreamServer, Upstreams } from "../names/index.ts";
import { isLoopback, optionOf, parseResolvConf, type ResolvConf } from "./resolv-conf.ts";

/** What the user, or else the daemon's configuration, chose in place of the host's. Empty: the host's. */
export interface ResolverChoice {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/**
 * Which file a container gets: the host's own on the host's network; on the default bridge, or without a network, one
 * with servers that it asks itself; on user networks one that names the engine's server.
 */
export type ResolverKind = "host" | "bridge" | { readonly nameServer: string };

export interface ContainerResolvConf {
  readonly text: string;
  /** What the name server needs to know where the kind is a name server; `external` is the network's matter. */
  readonly upstreams: Omit<Upstreams, "external">;
}

const PUBLIC_V4 = ["8.8.8.8", "8.8.4.4"];
const PUBLIC_V6 = ["2001:4860:4860::8888", "2001:4860:4860::8844"];

/** The container's /etc/resolv.conf by Docker's rules. `ipv6`: the container has IPv6. Pure. */
export function containerResolvConf(
  host: string,
  choice: ResolverChoice,
  kind: ResolverKind,
  ipv6: boolean,
): ContainerResolvConf {
  const parsed = parseResolvConf(host);
  const base = {
    servers: choice.servers.length > 0 ? choice.servers : parsed.servers,
    search: choice.search.length > 0 ? choice.search.filter((domain) => domain !== ".") : parsed.search,
    options: choice.options.length > 0 ? choice.options : parsed.options,
    others: parsed.others,
  };
  const upstreams = upstreamsOf(base, choice.servers.length > 0 ? "container" : "host");
  if (kind === "host") return { text: textOf(base), upstreams };
  if (kind === "bridge") {
    const servers = choice.servers.length > 0 ? choice.servers : reachable(parsed.servers, ipv6);
    return { text: textOf({ ...base, servers }), upstreams };
  }
  const options = base.options.filter((option) => !/^ndots:(?!\d+$)/.test(option));
  if (optionOf(options, "ndots") === undefined) options.push("ndots:0");
  return { text: textOf({ ...base, servers: [kind.nameServer], options }), upstreams };
}

/** The servers of a resolv.conf and how to ask them. */
export function upstreamsOf(conf: ResolvConf, from: UpstreamServer["from"]): Omit<Upstreams, "external"> {
  const timeout = countOption(conf.options, "timeout");
  const attempts = countOption(conf.options, "attempts");
  return {
    servers: conf.servers.map((address) => ({ address, from })),
    ndotsSet: optionOf(conf.options, "ndots") !== undefined,
    // The client has the same timeout for its one server, in which three of ours are to have their turn.
    ...(timeout === undefined ? {} : { timeoutMs: Math.min(timeout, 30) * 300 }),
    ...(attempts === undefined ? {} : { attempts }),
  };
}

function countOption(options: readonly string[], name: string): number | undefined {
  const value = Number.parseInt(optionOf(options, name) ?? "", 10);
  return value > 0 ? value : undefined;
}

/** The host's servers that mean the same in another network namespace; public ones where none does. */
function reachable(servers: readonly string[], ipv6: boolean): readonly string[] {
  const left = servers.filter((server) => !isLoopback(server) && (ipv6 || !server.includes(":")));
  return left.length > 0 ? left : [...PUBLIC_V4, ...(ipv6 ? PUBLIC_V6 : [])];
}

function textOf({ servers, search, options, others }: ResolvConf): string {
  return [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(" ")}`] : []),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
    ...others,
    "",
  ].join("\n");
}
