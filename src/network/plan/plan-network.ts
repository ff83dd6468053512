import { BerthError, conflict, invalid, notFound } from "../../lib/index.ts";
import type { NetworkCreateBody } from "../../spec/api/index.ts";
import { type Family, formatAddress, formatPrefix, needPrefix, overlaps, type Prefix } from "../address.ts";
import { type AddressPool, choosePool, DEFAULT_POOLS } from "../ipam/choose-pool.ts";
import { DOCKER_OPTION, type IpamConfig, type NetworkDriver, type NetworkRecord } from "../network.ts";
import { checkSubnets } from "./check-subnets.ts";

/** What a plan needs to know beside the request. */
export interface NetworkFacts {
  readonly id: string;
  readonly created: string;
  readonly networks: readonly NetworkRecord[];
  /** Everything that the host routes or has as an address. */
  readonly routed: readonly Prefix[];
  readonly pools: readonly AddressPool[];
  /** A private IPv6 range for networks that name none. */
  readonly ipv6Pool: AddressPool;
  readonly defaultOptions: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const DRIVERS: readonly string[] = ["bridge", "host", "null", "macvlan", "ipvlan"];
const PREDEFINED = new Set(["bridge", "host", "none", "default"]);
const MAX_NAME = 256;

/** Everything that `network create` decides. Pure. Throws with Docker's texts. */
export function planNetwork(body: NetworkCreateBody, facts: NetworkFacts): NetworkRecord {
  const name = body.Name ?? "";
  checkName(name, facts);
  const source = configSource(body, facts);
  const driver = (body.Driver || "bridge") as NetworkDriver;
  checkDriver(driver, body);
  const ipv4 = body.EnableIPv4 ?? source?.ipv4 ?? true;
  const ipv6 = body.EnableIPv6 ?? source?.ipv6 ?? false;
  if (!ipv4 && !ipv6) throw invalid("IPv4 or IPv6 must be enabled");
  const asked = (body.IPAM?.Config ?? []).map(cleanConfig).filter((config) => Object.keys(config).length > 0);
  const configs = asked.length > 0 ? asked : (source?.subnets ?? []);
  checkSubnets(configs, ipv6);
  const ipamDriver = body.IPAM?.Driver || "default";
  if (ipamDriver !== "default" && ipamDriver !== "null") {
    throw notFound(`could not find an IPAM driver: plugin "${ipamDriver}" not found`);
  }
  const record: NetworkRecord = {
    schema: 1,
    id: facts.id,
    name,
    created: facts.created,
    driver,
    ipv4,
    ipv6,
    internal: body.Internal ?? source?.internal ?? false,
    attachable: body.Attachable ?? false,
    ingress: false,
    configOnly: body.ConfigOnly ?? false,
    configFrom: source?.name ?? "",
    ipamDriver,
    ipamOptions: body.IPAM?.Options ?? null,
    subnets: [],
    options: { ...facts.defaultOptions[driver], ...source?.options, ...body.Options },
    labels: { ...body.Labels },
    predefined: false,
  };
  checkOptions(record, facts);
  return { ...record, subnets: record.configOnly ? configs : planSubnets(record, configs, facts) };
}

function checkName(name: string, { networks }: NetworkFacts): void {
  if (name === "") throw invalid("invalid network name: name is empty");
  if (name.length > MAX_NAME || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
    if (/[/\\\s\0]/.test(name) || name.trim() === "" || name.length > MAX_NAME)
      throw invalid(`invalid network name: ${JSON.stringify(name.slice(0, MAX_NAME))}`);
  }
  if (PREDEFINED.has(name))
    throw new BerthError("forbidden", `operation is not permitted on predefined ${name} network`);
  if (networks.some((network) => network.name === name)) throw conflict(`network with name ${name} already exists`);
}

function configSource(body: NetworkCreateBody, { networks }: NetworkFacts): NetworkRecord | undefined {
  const from = body.ConfigFrom?.Network ?? "";
  if (from === "") return undefined;
  const source = networks.find(({ name, id }) => name === from || id === from);
  if (source === undefined) throw notFound(`network ${from} not found`);
  if (!source.configOnly)
    throw new BerthError("forbidden", `configuration network "${from}" is not a configuration network`);
  return source;
}

function checkDriver(driver: string, body: NetworkCreateBody): void {
  if (body.Ingress) throw new BerthError("not-implemented", "ingress networks need a swarm");
  if (body.Scope && body.Scope !== "local")
    throw new BerthError("not-implemented", `scope ${body.Scope} needs a swarm`);
  if (driver === "overlay") throw new BerthError("unavailable", "This node is not a swarm manager.");
  if (!DRIVERS.includes(driver))
    throw notFound(`could not find plugin ${driver} in v1 plugin registry: plugin not found`);
  if (driver === "host" || driver === "null")
    throw new BerthError("forbidden", `only one instance of "${driver}" network is allowed`);
}

function checkOptions(record: NetworkRecord, { networks }: NetworkFacts): void {
  const { driver, options } = record;
  if (driver === "bridge") {
    const bridge = options[DOCKER_OPTION.bridgeName];
    if (bridge !== undefined && !/^[^\s/:]{1,15}$/.test(bridge))
      throw invalid(`invalid value for com.docker.network.bridge.name: ${bridge}`);
    const other = networks.find((network) => bridge && network.options[DOCKER_OPTION.bridgeName] === bridge);
    if (other !== undefined)
      throw new BerthError(
        "forbidden",
        `cannot create network ${record.id} (${bridge}): conflicts with network ${other.id} (${other.name}): networks have same bridge name`,
      );
  }
  for (const key of [DOCKER_OPTION.icc, DOCKER_OPTION.masquerade]) {
    const value = options[key];
    if (value !== undefined && value !== "" && !/^(true|false|1|0|t|f)$/i.test(value))
      throw invalid(`invalid value for ${key}: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
}

/** Only what is set. */
function cleanConfig(config: { [Key in keyof IpamConfig]: IpamConfig[Key] | null }): IpamConfig {
  const { Subnet: subnet, IPRange: range, Gateway: gateway, AuxiliaryAddresses: auxiliary } = config;
  return {
    ...(subnet ? { Subnet: subnet } : {}),
    ...(range ? { IPRange: range } : {}),
    ...(gateway ? { Gateway: gateway } : {}),
    ...(auxiliary && Object.keys(auxiliary).length > 0 ? { AuxiliaryAddresses: auxiliary } : {}),
  };
}

function planSubnets(record: NetworkRecord, configs: readonly IpamConfig[], facts: NetworkFacts): IpamConfig[] {
  if (record.ipamDriver === "null") return [];
  const others = facts.networks
    .filter(({ configOnly }) => !configOnly)
    .flatMap(({ subnets }) => subnets.map(({ Subnet: subnet = "" }) => needPrefix(subnet)));
  const wanted = configs.filter(({ Subnet: subnet }) => subnet !== undefined);
  const own = wanted
    .map((config) => ({ config, subnet: needPrefix(config.Subnet ?? "") }))
    .filter(({ subnet }) => (subnet.family === 4 ? record.ipv4 : record.ipv6));
  for (const { subnet } of own)
    if (record.driver === "bridge" && others.some((other) => overlaps(other, subnet)))
      throw new BerthError("forbidden", "Pool overlaps with other one on this address space");
  const used = [...others, ...facts.routed];
  const missing = ([4, 6] as const).filter(
    (family) => (family === 4 ? record.ipv4 : record.ipv6) && !own.some(({ subnet }) => subnet.family === family),
  );
  const chosen = missing.map((family) => ({
    config: {} as IpamConfig,
    subnet: choosePool(poolsFor(family, facts), family, used),
  }));
  return [...own, ...chosen]
    .sort((a, b) => a.subnet.family - b.subnet.family)
    .map(({ config, subnet }) => ({ ...config, Subnet: formatPrefix(subnet), ...gatewayOf(config, subnet, record) }));
}

function poolsFor(family: Family, { pools, ipv6Pool }: NetworkFacts): readonly AddressPool[] {
  const configured = pools.filter(({ base }) => needPrefix(base).family === family);
  if (configured.length > 0) return configured;
  return family === 4 ? DEFAULT_POOLS : [ipv6Pool];
}

function gatewayOf(config: IpamConfig, subnet: Prefix, { driver }: NetworkRecord): { Gateway?: string } {
  if (config.Gateway !== undefined) return { Gateway: config.Gateway };
  // ipvlan in layer 3 and the like may do without, but an address that looks like a gateway's is kept free for it.
  if (driver === "ipvlan" || driver === "macvlan" || driver === "bridge")
    return { Gateway: formatAddress({ family: subnet.family, value: subnet.base + 1n }) };
  return {};
}
