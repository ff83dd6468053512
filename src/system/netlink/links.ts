import {
  attribute,
  attributesOf,
  type Message,
  NLM,
  nested,
  type Request,
  request,
  text,
  textOf,
  u8,
  u32,
} from "./message.ts";
import type { Netlink } from "./socket.ts";

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const IFF_UP = 1;
const AF_INET6 = 10;

const IFLA = {
  ADDRESS: 1,
  NAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  LINKINFO: 18,
  NET_NS_PID: 19,
  AF_SPEC: 26,
  NET_NS_FD: 28,
};
const INFO = { KIND: 1, DATA: 2, SLAVE_KIND: 4, SLAVE_DATA: 5 };
const VETH_PEER = 1;
const BRIDGE = { FORWARD_DELAY: 1, NF_CALL_IPTABLES: 36, NF_CALL_IP6TABLES: 37 };
const PORT = { HAIRPIN: 4, ISOLATED: 33 };
const ADDR_GEN_MODE = 8;
const ADDR_GEN_NONE = 1;

/** A network interface as the kernel lists it. */
export interface LinkInfo {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly kind: string;
  readonly master: number;
  readonly mac: string;
  readonly mtu: number;
}

function header(index: number, flags = 0, change = 0): Buffer {
  const out = Buffer.alloc(16);
  out.writeInt32LE(index, 4);
  out.writeUInt32LE(flags, 8);
  out.writeUInt32LE(change, 12);
  return out;
}

const macBytes = (mac: string) => Buffer.from(mac.replaceAll(":", ""), "hex");
const mtuOf = (mtu: number | undefined) => (mtu === undefined ? [] : [u32(IFLA.MTU, mtu)]);

/** An interface's own IPv6 link-local address is not made. */
const noLinkLocal = () => nested(IFLA.AF_SPEC, nested(AF_INET6, u8(ADDR_GEN_MODE, ADDR_GEN_NONE)));

/** A bridge, down, whose frames pass the IP hooks of the firewall where the kernel offers that (`filtered`). */
export function addBridge(name: string, options: { mtu?: number; filtered: boolean }): Request {
  const filter = options.filtered ? [u8(BRIDGE.NF_CALL_IPTABLES, 1), u8(BRIDGE.NF_CALL_IP6TABLES, 1)] : [];
  return request(
    RTM_NEWLINK,
    NLM.CREATE | NLM.EXCL,
    header(0),
    text(IFLA.NAME, name),
    ...mtuOf(options.mtu),
    nested(IFLA.LINKINFO, text(INFO.KIND, "bridge"), nested(INFO.DATA, u32(BRIDGE.FORWARD_DELAY, 0), ...filter)),
  );
}

export interface VethOptions {
  readonly name: string;
  readonly master: number;
  readonly mtu?: number;
  readonly peer: { readonly name: string; readonly mac: string; readonly namespaceFd: number };
}

/** A pair whose far end is made, down, in another network namespace. */
export function addVeth({ name, master, mtu, peer }: VethOptions): Request {
  const far = Buffer.concat([
    header(0),
    text(IFLA.NAME, peer.name),
    attribute(IFLA.ADDRESS, macBytes(peer.mac)),
    u32(IFLA.NET_NS_FD, peer.namespaceFd),
    ...mtuOf(mtu),
  ]);
  return request(
    RTM_NEWLINK,
    NLM.CREATE | NLM.EXCL,
    header(0),
    text(IFLA.NAME, name),
    u32(IFLA.MASTER, master),
    ...mtuOf(mtu),
    nested(IFLA.LINKINFO, text(INFO.KIND, "veth"), nested(INFO.DATA, nested(VETH_PEER, far))),
  );
}

export interface ChildLinkOptions {
  readonly kind: "macvlan" | "ipvlan";
  readonly name: string;
  readonly parent: number;
  readonly mac?: string;
  readonly mtu?: number;
  /** macvlan: bridge 4, vepa 2, private 1, passthru 8. ipvlan: l2 0, l3 1, l3s 2. */
  readonly mode: number;
  /** ipvlan only: bridge 0, private 1, vepa 2. */
  readonly flag?: number;
  readonly namespaceFd: number;
}

/** A macvlan or ipvlan interface made, down, in another namespace. */
export function addChildLink(options: ChildLinkOptions): Request {
  const { kind, mode, flag } = options;
  const modeBytes = Buffer.alloc(2);
  modeBytes.writeUInt16LE(mode);
  const flagBytes = Buffer.alloc(2);
  flagBytes.writeUInt16LE(flag ?? 0);
  const data =
    kind === "macvlan" ? [u32(1, mode)] : [attribute(1, modeBytes), ...(flag ? [attribute(2, flagBytes)] : [])];
  return request(
    RTM_NEWLINK,
    NLM.CREATE | NLM.EXCL,
    header(0),
    text(IFLA.NAME, options.name),
    u32(IFLA.LINK, options.parent),
    u32(IFLA.NET_NS_FD, options.namespaceFd),
    ...mtuOf(options.mtu),
    ...(options.mac === undefined ? [] : [attribute(IFLA.ADDRESS, macBytes(options.mac))]),
    nested(IFLA.LINKINFO, text(INFO.KIND, kind), nested(INFO.DATA, ...data)),
  );
}

/** A VLAN interface on top of a parent, down. */
export function addVlan(name: string, parent: number, id: number): Request {
  const tag = Buffer.alloc(2);
  tag.writeUInt16LE(id);
  return request(
    RTM_NEWLINK,
    NLM.CREATE | NLM.EXCL,
    header(0),
    text(IFLA.NAME, name),
    u32(IFLA.LINK, parent),
    nested(IFLA.LINKINFO, text(INFO.KIND, "vlan"), nested(INFO.DATA, attribute(1, tag))),
  );
}

/** By name or index. `quiet`: without a link-local address of its own. */
export function setUp(link: string | number, options: { quiet?: boolean } = {}): Request {
  const named = typeof link === "string" ? [text(IFLA.NAME, link)] : [];
  const index = typeof link === "number" ? link : 0;
  return request(RTM_NEWLINK, 0, header(index, IFF_UP, IFF_UP), ...named, ...(options.quiet ? [noLinkLocal()] : []));
}

/** Settings of an interface as a port of its bridge. */
export function setBridgePort(link: string, options: { isolated?: boolean; hairpin?: boolean }): Request {
  const data = [
    ...(options.isolated === undefined ? [] : [u8(PORT.ISOLATED, Number(options.isolated))]),
    ...(options.hairpin === undefined ? [] : [u8(PORT.HAIRPIN, Number(options.hairpin))]),
  ];
  return request(
    RTM_NEWLINK,
    0,
    header(0),
    text(IFLA.NAME, link),
    nested(IFLA.LINKINFO, text(INFO.SLAVE_KIND, "bridge"), nested(INFO.SLAVE_DATA, ...data)),
  );
}

export function removeLink(name: string): Request {
  return request(RTM_DELLINK, 0, header(0), text(IFLA.NAME, name));
}

/** Every interface of the namespace. */
export function listLinks(netlink: Netlink): LinkInfo[] {
  return netlink.dump(request(RTM_GETLINK, 0, header(0))).map(linkOf);
}

function linkOf({ body }: Message): LinkInfo {
  const attributes = attributesOf(body, 16);
  const info = attributes.get(IFLA.LINKINFO);
  return {
    index: body.readInt32LE(4),
    up: (body.readUInt32LE(8) & IFF_UP) !== 0,
    name: textOf(attributes.get(IFLA.NAME)),
    kind: info === undefined ? "" : textOf(attributesOf(info, 0).get(INFO.KIND)),
    master: attributes.get(IFLA.MASTER)?.readUInt32LE(0) ?? 0,
    mtu: attributes.get(IFLA.MTU)?.readUInt32LE(0) ?? 0,
    mac: (attributes.get(IFLA.ADDRESS)?.toString("hex") ?? "").replace(/(..)(?=.)/g, "$1:"),
  };
}
