import { BerthError, doing } from "../../lib/index.ts";
import { codeOf } from "../../system/index.ts";
import {
  addAddress,
  addBridge,
  addRoute,
  addVeth,
  type Cidr,
  listAddresses,
  listLinks,
  Netlink,
  removeLink,
  setBridgePort,
  setUp,
  withNetlink,
} from "../../system/netlink/index.ts";
import { filtersBridges, writeSetting } from "../forwarding.ts";

export interface BridgePlan {
  readonly name: string;
  /** The host's addresses on it. */
  readonly addresses: readonly Cidr[];
  readonly mtu?: number;
  readonly ipv6: boolean;
  /** Berth made it and takes it away; otherwise it is the user's own. */
  readonly own: boolean;
}

/** Makes the bridge as planned, or brings the one that is there in line. Returns its index. */
export function ensureBridge(plan: BridgePlan): number {
  return withNetlink((netlink) => {
    const { name, mtu } = plan;
    let link = listLinks(netlink).find((each) => each.name === name);
    if (link === undefined) {
      if (!plan.own) throw new BerthError("invalid", `bridge ${name} does not exist`);
      netlink.execute(addBridge(name, { filtered: filtersBridges(), ...(mtu === undefined ? {} : { mtu }) }));
      link = listLinks(netlink).find((each) => each.name === name);
    } else if (link.kind !== "bridge") throw new BerthError("conflict", `interface ${name} exists and is no bridge`);
    if (link === undefined) throw new BerthError("internal", `bridge ${name} was not made`);
    const { index } = link;
    settle(plan);
    const has = new Set(
      listAddresses(netlink).flatMap((each) => (each.index === index ? [`${each.address}/${each.length}`] : [])),
    );
    const missing = plan.addresses.filter(({ address, length }) => !has.has(`${address}/${length}`));
    netlink.execute(...missing.map((address) => addAddress(index, address)), setUp(index));
    return index;
  });
}

/** Before it comes up: its own way with IPv6, and with packets from the host's loopback. */
function settle({ name, ipv6, own }: BridgePlan): void {
  if (own && !ipv6) writeSetting(`ipv6/conf/${name}/disable_ipv6`, "1");
  if (ipv6) {
    writeSetting(`ipv6/conf/${name}/disable_ipv6`, "0");
    writeSetting(`ipv6/conf/${name}/accept_ra`, "0");
  }
  // A connection from 127.0.0.1 to a published port leaves through here; what arrives for 127.0.0.0/8 is dropped.
  writeSetting(`ipv4/conf/${name}/route_localnet`, "1");
  // The check of source addresses looks for the way back with the packet's permission.
  writeSetting(`ipv4/conf/${name}/src_valid_mark`, "1");
  writeSetting(`ipv4/conf/${name}/send_redirects`, "0");
}

/** Takes an interface away, which the kernel needs a while for; one that is gone is no failure. */
export async function removeInterface(name: string): Promise<void> {
  const netlink = new Netlink();
  try {
    await netlink.executeAside(removeLink(name));
  } catch (error) {
    if (codeOf(error) !== "ENODEV") throw error;
  } finally {
    netlink[Symbol.dispose]();
  }
}

export function ignoring(codes: readonly string[], work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!codes.includes(codeOf(error) ?? "")) throw error;
  }
}

export interface PortPlan {
  readonly outside: string;
  readonly inside: string;
  readonly mac: string;
  readonly bridge: number;
  readonly mtu?: number;
  /** It may not talk to the bridge's other ports. */
  readonly isolated: boolean;
  /** Its own frames may come back to it: it publishes ports. */
  readonly hairpin: boolean;
}

/** Makes the pair between bridge and container; the container's end is down. `namespace` is open. */
export function plugIn(netlink: Netlink, plan: PortPlan, namespace: number): void {
  const { outside, inside, mac, bridge, mtu, isolated, hairpin } = plan;
  try {
    netlink.execute(
      addVeth({
        name: outside,
        master: bridge,
        peer: { name: inside, mac, namespaceFd: namespace },
        ...(mtu === undefined ? {} : { mtu }),
      }),
    );
    const port = isolated || hairpin ? [setBridgePort(outside, { isolated, hairpin })] : [];
    netlink.execute(...port, setUp(outside, { quiet: true }));
  } catch (error) {
    throw doing(`make interface ${inside}`, error);
  }
}

export interface InsidePlan {
  readonly name: string;
  readonly addresses: readonly Cidr[];
  readonly ipv6: boolean;
}

/** Inside the container's namespace: addresses, and up. */
export function bringUp(netlink: Netlink, plan: InsidePlan): void {
  const { name, addresses, ipv6 } = plan;
  if (!ipv6) writeSetting(`ipv6/conf/${name}/disable_ipv6`, "1");
  const link = indexOf(netlink, name);
  netlink.execute(setUp(link), ...addresses.map((address) => addAddress(link, address)));
}

function indexOf(netlink: Netlink, name: string): number {
  const link = listLinks(netlink).find((each) => each.name === name);
  if (link === undefined) throw new BerthError("internal", `interface ${name} is not there`);
  return link.index;
}

/** Inside: the default routes. Those that were there go. */
export function routeBy(netlink: Netlink, gateways: readonly { via: string; inside: string }[]): void {
  netlink.execute(
    ...gateways.map(({ via, inside }) =>
      via === ""
        ? addRoute({ index: indexOf(netlink, inside) })
        : addRoute({ via, index: indexOf(netlink, inside), family: via.includes(":") ? 6 : 4 }),
    ),
  );
}
