import { randomBytes } from "node:crypto";
import { closeSync } from "node:fs";
import { invalid } from "../lib/index.ts";
import { codeOf } from "../system/index.ts";
import {
  inNetworkNamespace,
  listLinks,
  openNetworkNamespace,
  removeLink,
  withNetlink,
} from "../system/netlink/index.ts";
import { parseAddress } from "./address.ts";
import { bringUp, ignoring, plugIn, removeInterface, routeBy } from "./drivers/bridge.ts";
import { addChild, isLayer3 } from "./drivers/child-link.ts";
import { DOCKER_OPTION, type Endpoint, mtuOf, type NetworkRecord, optionOf } from "./network.ts";

/** One endpoint with what its interface needs. */
export interface Plug {
  readonly network: NetworkRecord;
  readonly endpoint: Endpoint;
  /** Index of the network's bridge; 0 with other drivers. */
  readonly bridge: number;
  /** The container's own published ports are to be reached by itself. */
  readonly hairpin: boolean;
}

/** The locally administered address that Docker makes of an IPv4 address; random where there is none. */
export function macFor(ipv4: string): string {
  const address = parseAddress(ipv4);
  const tail = address === undefined ? randomBytes(4).toString("hex") : address.value.toString(16).padStart(8, "0");
  return `0242${tail}`.replace(/(..)(?=.)/g, "$1:");
}

/** Throws "invalid" with Docker's text where it is no MAC address of one interface. */
export function checkMac(mac: string): string {
  const plain = mac.toLowerCase().replaceAll("-", ":");
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(plain)) throw invalid(`invalid MAC address: ${mac}`);
  return plain;
}

const cidrsOf = ({ ipv4, ipv4Length, ipv6, ipv6Length }: Endpoint) => [
  ...(ipv4 === "" ? [] : [{ address: ipv4, length: ipv4Length }]),
  ...(ipv6 === "" ? [] : [{ address: ipv6, length: ipv6Length }]),
];

/**
 * Gives a container its interfaces: made from outside with the far end inside, then addresses and routes from inside, in
 * one synchronous stretch. `gateways` are the endpoints that the default routes go through. Throws with nothing left.
 */
export function plugAll(pid: number, plugs: readonly Plug[], gateways: readonly Endpoint[]): void {
  const namespace = openNetworkNamespace(pid);
  try {
    withNetlink((netlink) => {
      for (const plug of plugs) plugOne(netlink, plug, namespace);
    });
    inNetworkNamespace(namespace, () =>
      withNetlink((netlink) => {
        for (const { endpoint, network } of plugs)
          bringUp(netlink, { name: endpoint.inside, addresses: cidrsOf(endpoint), ipv6: network.ipv6 });
        routeBy(netlink, routesOf(plugs, gateways));
      }),
    );
  } catch (error) {
    // What cannot be taken away now goes with the container's namespace.
    for (const { endpoint } of plugs) unplug(endpoint).catch(() => {});
    throw error;
  } finally {
    closeSync(namespace);
  }
}

type Link = Parameters<typeof plugIn>[0];

function plugOne(netlink: Link, { network, endpoint, bridge, hairpin }: Plug, namespace: number): void {
  const { inside, outside, mac } = endpoint;
  if (network.driver !== "bridge") {
    addChild(netlink, network, endpoint, namespace);
    return;
  }
  const mtu = mtuOf(network);
  const isolated = !optionOf(network, DOCKER_OPTION.icc, true);
  plugIn(
    netlink,
    { outside, inside, mac, bridge, isolated, hairpin, ...(mtu === undefined ? {} : { mtu }) },
    namespace,
  );
}

function routesOf(plugs: readonly Plug[], gateways: readonly Endpoint[]): { via: string; inside: string }[] {
  return gateways.flatMap(({ inside, gateway, gateway6, network }) => {
    const record = plugs.find((plug) => plug.network.id === network)?.network;
    if (record !== undefined && isLayer3(record)) return [{ via: "", inside }];
    return [gateway, gateway6].filter((via) => via !== "").map((via) => ({ via, inside }));
  });
}

/** Points the default routes of a running container at these endpoints. */
export function reroute(pid: number, gateways: readonly Endpoint[]): void {
  const namespace = openNetworkNamespace(pid);
  try {
    inNetworkNamespace(namespace, () => withNetlink((netlink) => routeBy(netlink, routesOf([], gateways))));
  } finally {
    closeSync(namespace);
  }
}

/** Takes an interface away from outside; one that is gone with its container is no failure. */
export async function unplug({ outside }: Endpoint): Promise<void> {
  if (outside !== "") await removeInterface(outside);
}

/** Takes away our own ends that nobody knows from these bridges: their daemon ended before it could. */
export function sweepBridges(bridges: ReadonlySet<number>, known: ReadonlySet<string>): void {
  withNetlink((netlink) => {
    const lost = listLinks(netlink).filter(
      ({ name, master, kind }) =>
        kind === "veth" && bridges.has(master) && /^veth[0-9a-f]{7}$/.test(name) && !known.has(name),
    );
    netlink.attempt(...lost.map(({ name }) => removeLink(name)));
  });
}

/** Takes an interface out of a running container. */
export async function unplugInside(pid: number, endpoint: Endpoint): Promise<void> {
  if (endpoint.outside !== "") return unplug(endpoint);
  let namespace: number;
  try {
    namespace = openNetworkNamespace(pid);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  try {
    inNetworkNamespace(namespace, () =>
      withNetlink((netlink) => ignoring(["ENODEV"], () => netlink.execute(removeLink(endpoint.inside)))),
    );
  } finally {
    closeSync(namespace);
  }
}
