/** Networks as data: what `network create` decided, and what a container has of one. */

export type NetworkDriver = "bridge" | "host" | "null" | "macvlan" | "ipvlan";

/** One subnet of a network, as the API spells it. */
export interface IpamConfig {
  Subnet?: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

/** A network: `networks/<id>.json`. */
export interface NetworkRecord {
  schema: 1;
  id: string;
  name: string;
  /** RFC 3339 with nanoseconds. */
  created: string;
  driver: NetworkDriver;
  ipv4: boolean;
  ipv6: boolean;
  internal: boolean;
  attachable: boolean;
  ingress: boolean;
  configOnly: boolean;
  configFrom: string;
  ipamDriver: string;
  ipamOptions: Record<string, string> | null;
  /** With subnet and gateway filled in, wherever they came from. */
  subnets: IpamConfig[];
  options: Record<string, string>;
  labels: Record<string, string>;
  /** Made by the engine, and not to be removed. */
  predefined: boolean;
}

/** What a container has of one network while it runs; a part of its run state, so that a new daemon knows it. */
export interface Endpoint {
  id: string;
  network: string;
  /** Interface in the container. */
  inside: string;
  /** Interface on the host; "" where there is none of its own. */
  outside: string;
  mac: string;
  ipv4: string;
  ipv4Length: number;
  gateway: string;
  ipv6: string;
  ipv6Length: number;
  gateway6: string;
}

export const NO_ENDPOINT: Omit<Endpoint, "id" | "network"> = {
  inside: "",
  outside: "",
  mac: "",
  ipv4: "",
  ipv4Length: 0,
  gateway: "",
  ipv6: "",
  ipv6Length: 0,
  gateway6: "",
};

export type Protocol = "tcp" | "udp" | "sctp";

/** A port of the host that leads to one of a container. */
export interface PublishedPort {
  protocol: Protocol;
  /** Address of the host: "0.0.0.0" and "::" for all. */
  hostIp: string;
  hostPort: number;
  containerPort: number;
  /** Where it leads to. */
  address: string;
  /** Network through which. */
  network: string;
}

export const DOCKER_OPTION = {
  bridgeName: "com.docker.network.bridge.name",
  icc: "com.docker.network.bridge.enable_icc",
  masquerade: "com.docker.network.bridge.enable_ip_masquerade",
  hostBinding: "com.docker.network.bridge.host_binding_ipv4",
  defaultBridge: "com.docker.network.bridge.default_bridge",
  mtu: "com.docker.network.driver.mtu",
  inhibitIpv4: "com.docker.network.bridge.inhibit_ipv4",
  interfacePrefix: "com.docker.network.container_iface_prefix",
  gatewayMode4: "com.docker.network.bridge.gateway_mode_ipv4",
  gatewayMode6: "com.docker.network.bridge.gateway_mode_ipv6",
} as const;

/** The interface of a bridge network on the host. */
export function bridgeNameOf(network: Pick<NetworkRecord, "id" | "options">): string {
  return network.options[DOCKER_OPTION.bridgeName] || `br-${network.id.slice(0, 12)}`;
}

/** A boolean option; `fallback` where it is not set. */
export function optionOf(network: Pick<NetworkRecord, "options">, name: string, fallback: boolean): boolean {
  const value = network.options[name]?.toLowerCase();
  if (value === undefined || value === "") return fallback;
  return value === "true" || value === "1" || value === "t";
}

export function mtuOf(network: Pick<NetworkRecord, "options">): number | undefined {
  const value = Number(network.options[DOCKER_OPTION.mtu]);
  return Number.isSafeInteger(value) && value >= 68 ? value : undefined;
}
