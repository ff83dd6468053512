import { BerthError, invalid } from "../../lib/index.ts";
import { addChildLink, addVlan, listLinks, type Netlink, setUp } from "../../system/netlink/index.ts";
import { mtuOf, type NetworkRecord } from "../network.ts";

/** macvlan and ipvlan: containers stand on the network of an interface of the host. */

const MACVLAN_MODES: Readonly<Record<string, number>> = { private: 1, vepa: 2, bridge: 4, passthru: 8 };
const IPVLAN_MODES: Readonly<Record<string, number>> = { l2: 0, l3: 1, l3s: 2 };
const IPVLAN_FLAGS: Readonly<Record<string, number>> = { bridge: 0, private: 1, vepa: 2 };

/** Whether containers find everything outside their subnet without a gateway's address. */
export const isLayer3 = (network: NetworkRecord): boolean =>
  network.driver === "ipvlan" && /^l3/.test(network.options.ipvlan_mode ?? "");

/** Checks a network's options. Throws "invalid" with what is wrong. */
export function checkChildLinkOptions({ driver, options, internal }: NetworkRecord): void {
  const choice = (key: string, values: Readonly<Record<string, number>>) => {
    const value = options[key];
    if (value !== undefined && value !== "" && !Object.hasOwn(values, value))
      throw invalid(
        `requested ${key.replace("_", " ")} '${value}' is not valid, '${Object.keys(values).join("', '")}' are`,
      );
  };
  if (driver === "macvlan") choice("macvlan_mode", MACVLAN_MODES);
  if (driver === "ipvlan") {
    choice("ipvlan_mode", IPVLAN_MODES);
    choice("ipvlan_flag", IPVLAN_FLAGS);
  }
  if (!options.parent && !internal)
    throw invalid(`a ${driver} network needs the interface that it stands on: -o parent=eth0`);
  if (!options.parent) throw new BerthError("not-implemented", `an internal ${driver} network needs -o parent=…, too`);
}

/** Index of the parent; "eth0.10" is made where only eth0 is there. */
export function ensureParent(netlink: Netlink, network: NetworkRecord): number {
  const name = network.options.parent ?? "";
  const links = listLinks(netlink);
  const found = links.find((link) => link.name === name);
  if (found !== undefined) return found.index;
  const vlan = /^(.+)\.(\d{1,4})$/.exec(name);
  const base = links.find((link) => link.name === vlan?.[1]);
  if (vlan === null || base === undefined)
    throw invalid(`invalid subinterface vlan name ${name}, example formatting is eth0.10`);
  netlink.execute(addVlan(name, base.index, Number(vlan[2])), setUp(name));
  const made = listLinks(netlink).find((link) => link.name === name);
  if (made === undefined) throw new BerthError("internal", `interface ${name} was not made`);
  return made.index;
}

/** Makes the container's interface, down, in the namespace that is open. */
export function addChild(
  netlink: Netlink,
  network: NetworkRecord,
  { inside, mac }: { inside: string; mac: string },
  namespace: number,
): void {
  const kind = network.driver === "ipvlan" ? "ipvlan" : "macvlan";
  const mtu = mtuOf(network);
  const { macvlan_mode: macvlan = "", ipvlan_mode: ipvlan = "", ipvlan_flag: flag = "" } = network.options;
  netlink.execute(
    addChildLink({
      kind,
      name: inside,
      parent: ensureParent(netlink, network),
      namespaceFd: namespace,
      mode: kind === "macvlan" ? (MACVLAN_MODES[macvlan || "bridge"] ?? 4) : (IPVLAN_MODES[ipvlan || "l2"] ?? 0),
      ...(kind === "macvlan" ? { mac } : { flag: IPVLAN_FLAGS[flag || "bridge"] ?? 0 }),
      ...(mtu === undefined ? {} : { mtu }),
    }),
  );
}
