import { parseCsv } from "../../lib/flags/index.ts";
import type { EndpointSettings } from "../../spec/api/index.ts";
import { CliError } from "../core/cli-error.ts";
import { cut } from "../core/flag.ts";

/** One `--network`: a name, or "name=…,alias=…,ip=…". */
export interface NetworkAttachment {
  readonly target: string;
  readonly aliases: readonly string[];
  readonly driverOptions: Readonly<Record<string, string>>;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly macAddress?: string;
  readonly linkLocalIps: readonly string[];
  readonly gwPriority?: number;
}

export function parseNetwork(text: string): NetworkAttachment {
  const plain = { target: text, aliases: [], driverOptions: {}, linkLocalIps: [] };
  if (!/(^|,)(name|alias|driver-opt|ip6?|mac-address|link-local-ip|gw-priority)=/.test(text) && !text.includes("="))
    return plain;
  const attachment = { ...plain, target: "" } as { -readonly [K in keyof NetworkAttachment]: NetworkAttachment[K] };
  for (const field of parseCsv(text)) applyNetworkField(attachment, field);
  if (attachment.target === "") throw new Error("network name/id is not specified");
  return attachment;
}

function applyNetworkField(
  attachment: { -readonly [K in keyof NetworkAttachment]: NetworkAttachment[K] },
  field: string,
): void {
  const [name, given] = cut(field, "=");
  const key = name.trim().toLowerCase();
  if (given === undefined || name.trim() === "") throw new Error(`invalid field ${name}`);
  const value = given.trim().toLowerCase();
  if (key === "name") attachment.target = value;
  else if (key === "alias") attachment.aliases = [...attachment.aliases, value];
  else if (key === "ip") attachment.ipv4 = value;
  else if (key === "ip6") attachment.ipv6 = value;
  else if (key === "mac-address") attachment.macAddress = value;
  else if (key === "link-local-ip") attachment.linkLocalIps = [...attachment.linkLocalIps, value];
  else if (key === "driver-opt") {
    const [option, setting] = cut(value, "=");
    if (setting === undefined) throw new Error("invalid key value pair format in driver options");
    attachment.driverOptions = { ...attachment.driverOptions, [option.trim()]: setting.trim() };
  } else if (key === "gw-priority") {
    if (!/^-?\d{1,9}$/.test(value)) throw new Error(`invalid gw-priority (${value}): not a number`);
    attachment.gwPriority = Number(value);
  } else throw new Error(`invalid field key ${key}`);
}

/** The single-network flags, which speak of the first network. */
export interface MainNetworkFlags {
  readonly aliases: readonly string[];
  readonly links: readonly string[];
  readonly ipv4: string;
  readonly ipv6: string;
  readonly macAddress: string;
  readonly linkLocalIps: readonly string[];
}

const isUserDefined = (name: string) =>
  !["bridge", "none", "host", "default"].includes(name) && !name.startsWith("container:");

/** The endpoints of the create body, by network. Throws CliError with Docker's texts for what contradicts itself. */
export function parseEndpoints(
  networks: readonly NetworkAttachment[],
  main: MainNetworkFlags,
): Record<string, EndpointSettings> {
  const [first = NO_NETWORK, ...others] = networks;
  const endpoints: Record<string, EndpointSettings> = {};
  const settings = endpoint(mergeMain(first, main), isUserDefined(first.target) ? main.links : []);
  // A single network without settings is the daemon's to fill in.
  if (networks.length !== 1 || JSON.stringify(settings) !== JSON.stringify(endpoint(NO_NETWORK, [])))
    endpoints[first.target] = settings;
  for (const network of others) {
    if (Object.hasOwn(endpoints, network.target))
      throw new CliError(`network ${JSON.stringify(network.target)} is specified multiple times`);
    endpoints[network.target] = endpoint(network, []);
  }
  const kinds = new Set(networks.map(({ target }) => isUserDefined(target)));
  if (kinds.size > 1)
    throw new CliError("conflicting options: cannot attach both user-defined and non-user-defined network-modes");
  return endpoints;
}

const NO_NETWORK: NetworkAttachment = { target: "default", aliases: [], driverOptions: {}, linkLocalIps: [] };

function mergeMain(network: NetworkAttachment, main: MainNetworkFlags): NetworkAttachment {
  const twice = (flag: string) =>
    new CliError(
      `conflicting options: cannot specify both --${flag} and per-network ${flag === "network-alias" ? "alias" : flag}`,
    );
  if (network.aliases.length > 0 && main.aliases.length > 0) throw twice("network-alias");
  if (network.ipv4 && main.ipv4) throw twice("ip");
  if (network.ipv6 && main.ipv6) throw twice("ip6");
  if (network.macAddress && main.macAddress) throw twice("mac-address");
  if (network.linkLocalIps.length > 0 && main.linkLocalIps.length > 0) throw twice("link-local-ip");
  if (main.aliases.length > 0 && !isUserDefined(network.target))
    throw new CliError("network-scoped aliases are only supported for user-defined networks");
  const or = (own: string | undefined, flag: string) => own || flag;
  return {
    ...network,
    aliases: network.aliases.length > 0 ? network.aliases : main.aliases,
    linkLocalIps: network.linkLocalIps.length > 0 ? network.linkLocalIps : main.linkLocalIps,
    ipv4: or(network.ipv4, main.ipv4),
    ipv6: or(network.ipv6, main.ipv6),
    macAddress: or(network.macAddress, main.macAddress),
  };
}

function endpoint(network: NetworkAttachment, links: readonly string[]): EndpointSettings {
  const hasAddress = network.ipv4 || network.ipv6 || network.linkLocalIps.length > 0;
  const ipam: NonNullable<EndpointSettings["IPAMConfig"]> = {
    ...(network.ipv4 ? { IPv4Address: network.ipv4 } : {}),
    ...(network.ipv6 ? { IPv6Address: network.ipv6 } : {}),
    ...(network.linkLocalIps.length > 0 ? { LinkLocalIPs: [...network.linkLocalIps] } : {}),
  };
  return {
    IPAMConfig: hasAddress ? ipam : null,
    Links: links.length > 0 ? [...links] : null,
    Aliases: network.aliases.length > 0 ? [...network.aliases] : null,
    DriverOpts: Object.keys(network.driverOptions).length > 0 ? { ...network.driverOptions } : null,
    GwPriority: network.gwPriority ?? 0,
    NetworkID: "",
    EndpointID: "",
    Gateway: "",
    IPAddress: "",
    MacAddress: network.macAddress ?? "",
    IPPrefixLen: 0,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}
