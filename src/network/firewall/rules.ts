import type { Protocol, PublishedPort } from "../network.ts";

/** The bit of a packet's mark that says: Berth lets it reach a container, or leave one. */
export const PERMITTED = 0x40000000;
export const TABLE = "berth";

/** A bridge network as the firewall sees it. */
export interface FirewallNetwork {
  readonly id: string;
  readonly bridge: string;
  readonly internal: boolean;
  /** Containers of the network may talk to each other. */
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** Prefixes and addresses, IPv4 and IPv6 mixed. */
  readonly subnets: readonly string[];
  readonly gateways: readonly string[];
}

export interface FirewallState {
  readonly networks: readonly FirewallNetwork[];
  readonly ports: readonly PublishedPort[];
  /** What neither comes from nor goes to a container is not forwarded: the daemon has turned forwarding on. */
  readonly closed: boolean;
  /** Frames between ports of a bridge pass these rules, so that answers within a bridge are seen here. */
  readonly bridged: boolean;
  /** Anybody may send to containers' own addresses. */
  readonly direct: boolean;
}

const isV6 = (text: string) => text.includes(":");
const quoted = (name: string) => `"${name}"`;
const elements = (list: readonly string[]) => (list.length === 0 ? "" : ` elements = { ${list.join(", ")} }`);

/** The elements of every set and map that a port is in, by the set's name. */
export function portElements(port: PublishedPort, bridge: string, gateways: readonly string[]): [string, string][] {
  const v = isV6(port.address) ? "6" : "4";
  const target = `${port.address} . ${port.containerPort}`;
  const service = `${port.protocol} . ${port.hostPort}`;
  const any = port.hostIp === "0.0.0.0" || port.hostIp === "::";
  const found: [string, string][] = [];
  if (any) found.push([`any${v}`, `${service} : ${target}`]);
  else found.push([`at${v}`, `${port.hostIp} . ${service} : ${target}`]);
  if (any || gateways.includes(port.hostIp)) found.push([`own${v}`, `${quoted(bridge)} . ${service} : ${target}`]);
  found.push([`self${v}`, `${port.address} . ${port.address}`]);
  return found;
}

/** Text that puts whole networks and ports in force in one transaction, whatever was there before. Pure. */
export function fullScript(state: FirewallState): string {
  const { networks } = state;
  const sets = new Map<string, Set<string>>();
  const add = (name: string, element: string) => sets.set(name, (sets.get(name) ?? new Set()).add(element));
  for (const network of networks) for (const [name, element] of networkElements(network)) add(name, element);
  for (const port of state.ports) {
    const network = networks.find(({ id }) => id === port.network);
    if (network === undefined) continue;
    for (const [name, element] of portElements(port, network.bridge, network.gateways)) add(name, element);
  }
  const declared = Object.entries(SETS).map(
    ([name, kind]) => `${kind.replace("}", "")}${elements([...(sets.get(name) ?? [])])} }`,
  );
  return [
    `table inet ${TABLE} {}`,
    `delete table inet ${TABLE}`,
    `table inet ${TABLE} {`,
    ...declared.map((line) => line),
    chains(state),
    "}",
    "",
  ].join("\n");
}

/** Text that adds or takes away elements, in one transaction. Pure. */
export function elementScript(verb: "add" | "delete", list: readonly (readonly [string, string])[]): string {
  const bySet = new Map<string, Set<string>>();
  for (const [name, element] of list) bySet.set(name, (bySet.get(name) ?? new Set()).add(element));
  return [...bySet]
    .map(([name, found]) => `${verb} element inet ${TABLE} ${name} { ${[...found].join(", ")} }\n`)
    .join("");
}

/** The elements of every set that a network is in. */
export function networkElements(network: FirewallNetwork): [string, string][] {
  const bridge = quoted(network.bridge);
  const found: [string, string][] = [["bridges", bridge]];
  if (network.internal) found.push(["internal", bridge]);
  if (network.icc) found.push(["same", `${bridge} . ${bridge}`]);
  for (const subnet of network.subnets) {
    const v = isV6(subnet) ? "6" : "4";
    found.push([`subnets${v}`, subnet]);
    if (network.masquerade && !network.internal) found.push([`masq${v}`, subnet]);
    if (network.icc) found.push([`home${v}`, `${bridge} . ${subnet}`]);
  }
  for (const gateway of network.gateways) found.push([isV6(gateway) ? "gateways6" : "gateways4", gateway]);
  return found;
}

const map = (name: string, key: string, address: string) =>
  `map ${name} { type ${key}inet_proto . inet_service : ${address} . inet_service; }`;

const SETS: Readonly<Record<string, string>> = {
  bridges: "set bridges { type ifname; }",
  internal: "set internal { type ifname; }",
  same: "set same { type ifname . ifname; }",
  ...Object.fromEntries(
    ([4, 6] as const).flatMap((v) => {
      const address = `ipv${v}_addr`;
      return [
        [`subnets${v}`, `set subnets${v} { type ${address}; flags interval; }`],
        [`masq${v}`, `set masq${v} { type ${address}; flags interval; }`],
        [`home${v}`, `set home${v} { type ifname . ${address}; flags interval; }`],
        [`gateways${v}`, `set gateways${v} { type ${address}; }`],
        [`self${v}`, `set self${v} { type ${address} . ${address}; }`],
        [`any${v}`, map(`any${v}`, "", address)],
        [`at${v}`, map(`at${v}`, `${address} . `, address)],
        [`own${v}`, map(`own${v}`, "ifname . ", address)],
      ];
    }),
  ),
};

export const PROTOCOLS: readonly Protocol[] = ["tcp", "udp", "sctp"];

function chains({ closed, bridged, direct }: FirewallState): string {
  const protocols = `meta l4proto { ${PROTOCOLS.join(", ")} }`;
  const permit = `meta mark set meta mark or 0x${PERMITTED.toString(16)}`;
  const nat = (v: "" | "6", key: string, name: string) =>
    `meta nfproto ipv${v || "4"} ${protocols} dnat ip${v} to ${key}meta l4proto . th dport map @${name}${v || "4"}`;
  return `
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname @bridges ip daddr 127.0.0.0/8 drop
    iifname @bridges ip saddr 127.0.0.0/8 drop
    iifname @bridges ip6 daddr ::1 drop
  }
  chain incoming {
    type nat hook prerouting priority dstnat; policy accept;
    iifname @internal return
    ip daddr 127.0.0.0/8 return
    ip6 daddr ::1 return
    fib daddr type local jump published
  }
  chain outgoing {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump published
  }
  chain published {
    iifname @bridges ip daddr @gateways4 goto own
    iifname @bridges ip6 daddr @gateways6 goto own
    ${nat("", "ip daddr . ", "at")}
    ${nat("", "", "any")}
    ${nat("6", "ip6 daddr . ", "at")}
    ${nat("6", "", "any")}
  }
  chain own {
    ${nat("", "iifname . ", "own")}
    ${nat("6", "iifname . ", "own")}
  }
  chain permit {
    type filter hook prerouting priority dstnat + 10; policy accept;
    ip daddr @subnets4 goto inward
    ip6 daddr @subnets6 goto inward
    iifname @internal return
    iifname @bridges ${permit}
  }
  chain inward {
    ct state established,related ${permit}
    ct status dnat ${permit}
    iifname . ip daddr @home4 ${permit}
    iifname . ip6 daddr @home6 ${permit}
    ${direct ? permit : ""}
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname . oifname @same accept
    iifname @bridges goto leaving
    oifname @bridges goto entering
    ${closed ? "drop" : ""}
  }
  chain leaving {
    ct state established,related accept
    ct status dnat accept
    ${direct ? "" : "oifname @bridges drop"}
    iifname @internal drop
    accept
  }
  chain entering {
    ct state established,related accept
    ct status dnat accept
    ${direct ? "accept" : "drop"}
  }
  chain source {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr . ip daddr @self4 masquerade
    ip6 saddr . ip6 daddr @self6 masquerade
    oifname @bridges goto inside
    ip saddr @masq4 masquerade
    ip6 saddr @masq6 masquerade
  }
  chain inside {
    ip saddr 127.0.0.0/8 masquerade
    ip6 saddr ::1 masquerade
    ${bridged ? "" : "ct status dnat iifname . oifname @same masquerade"}
  }`;
}
