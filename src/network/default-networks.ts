import { createHash } from "node:crypto";
import { formatAddress, formatPrefix, needPrefix, overlaps, type Prefix, parseAddress, prefixOf } from "./address.ts";
import { type AddressPool, choosePool, DEFAULT_POOLS } from "./ipam/choose-pool.ts";
import { DOCKER_OPTION, type IpamConfig, type NetworkDriver, type NetworkRecord } from "./network.ts";
import type { NetworkSettings } from "./settings.ts";

/** The networks that are always there. */

/** Ids of the networks that are always there: the same whenever an engine has this data root. */
export function predefinedId(dataRoot: string, name: string): string {
  return createHash("sha256").update(`${dataRoot}\0network ${name}`).digest("hex");
}

/** A private IPv6 range of the data root's own (RFC 4193). */
export function privatePool(dataRoot: string): AddressPool {
  const id = createHash("sha256").update(`${dataRoot}\0prefix`).digest("hex");
  return { base: `fd${id.slice(0, 2)}:${id.slice(2, 6)}:${id.slice(6, 10)}::/48`, size: 64 };
}

/** "none" and "host", which need nothing made. */
export function plainNetwork(dataRoot: string, name: "none" | "host", created: string): NetworkRecord {
  return { ...base(dataRoot, name, name === "none" ? "null" : "host", created) };
}

function base(dataRoot: string, name: string, driver: NetworkDriver, created: string): NetworkRecord {
  return {
    schema: 1,
    id: predefinedId(dataRoot, name),
    name,
    created,
    driver,
    ipv4: true,
    ipv6: false,
    internal: false,
    attachable: false,
    ingress: false,
    configOnly: false,
    configFrom: "",
    ipamDriver: "default",
    ipamOptions: null,
    subnets: [],
    options: {},
    labels: {},
    predefined: true,
  };
}

/** The interface of the default network unless the user has one of his own. */
export const DEFAULT_BRIDGE = "berth0";

export interface DefaultFacts {
  readonly dataRoot: string;
  readonly created: string;
  /** As it was before, if there is one. */
  readonly before: NetworkRecord | undefined;
  readonly others: readonly NetworkRecord[];
  readonly routed: readonly Prefix[];
}

/** The network "bridge", from the daemon's flags and what it was before. Pure. */
export function planDefault(settings: NetworkSettings, facts: DefaultFacts): NetworkRecord {
  const { dataRoot, before } = facts;
  const record = base(dataRoot, "bridge", "bridge", before?.created ?? facts.created);
  const ipv6 = settings.ipv6 || settings.fixedCidrV6 !== undefined;
  return {
    ...record,
    ipv6,
    subnets: [ipv4Subnet(settings, facts), ...(ipv6 ? [ipv6Subnet(settings, facts)] : [])],
    options: {
      [DOCKER_OPTION.defaultBridge]: "true",
      [DOCKER_OPTION.icc]: String(settings.icc),
      [DOCKER_OPTION.masquerade]: String(settings.masquerade),
      [DOCKER_OPTION.hostBinding]: settings.publishOn,
      [DOCKER_OPTION.bridgeName]: settings.bridge ?? DEFAULT_BRIDGE,
      [DOCKER_OPTION.mtu]: String(settings.mtu),
    },
  };
}

const used = ({ others, routed }: DefaultFacts) => [
  ...others.flatMap(({ subnets }) => subnets.map(({ Subnet: subnet = "" }) => needPrefix(subnet))),
  ...routed,
];

function ipv4Subnet(settings: NetworkSettings, facts: DefaultFacts): IpamConfig {
  const range = settings.fixedCidr === undefined ? {} : { IPRange: settings.fixedCidr };
  const fixed = settings.bip ?? (settings.fixedCidr && settings.bridge ? settings.fixedCidr : undefined);
  if (fixed !== undefined) {
    const subnet = needPrefix(fixed);
    const address = parseAddress(fixed.split("/", 1)[0] ?? "");
    const own =
      address !== undefined && address.value !== subnet.base
        ? address
        : { family: 4 as const, value: subnet.base + 1n };
    return { Subnet: formatPrefix(subnet), ...range, Gateway: settings.defaultGateway ?? formatAddress(own) };
  }
  const known = facts.before?.subnets.find(({ Subnet: subnet = "" }) => !subnet.includes(":"));
  if (
    known !== undefined &&
    !used(facts).some((each) => each.length > 1 && overlaps(each, needPrefix(known.Subnet ?? "")))
  )
    return { ...known, ...range };
  const pools = settings.pools.filter(({ base: text }) => !text.includes(":"));
  const wanted = settings.fixedCidr === undefined ? undefined : needPrefix(settings.fixedCidr);
  const subnet = wanted ?? choosePool(pools.length > 0 ? pools : DEFAULT_POOLS, 4, used(facts));
  const gateway = settings.defaultGateway ?? formatAddress({ family: 4, value: subnet.base + 1n });
  return { Subnet: formatPrefix(subnet), ...range, Gateway: gateway };
}

function ipv6Subnet(settings: NetworkSettings, facts: DefaultFacts): IpamConfig {
  const known = facts.before?.subnets.find(({ Subnet: subnet = "" }) => subnet.includes(":"));
  if (settings.fixedCidrV6 === undefined && known !== undefined) return known;
  const subnet =
    settings.fixedCidrV6 === undefined
      ? choosePool([privatePool(facts.dataRoot)], 6, used(facts))
      : needPrefix(settings.fixedCidrV6);
  const whole = prefixOf({ family: 6, value: subnet.base }, subnet.length);
  const gateway = settings.defaultGatewayV6 ?? formatAddress({ family: 6, value: whole.base + 1n });
  return { Subnet: formatPrefix(whole), Gateway: gateway };
}
