import { isIPv6 } from "node:net";
import {
  addressBytes,
  addressText,
  attribute,
  attributesOf,
  NLM,
  type Request,
  request,
  text,
  u32,
} from "./message.ts";
import type { Netlink } from "./socket.ts";

const RTM = {
  NEWADDR: 20,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWRULE: 32,
  DELRULE: 33,
};
const AF = { INET: 2, INET6: 10 } as const;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4 };
const IFA_F_NODAD = 2;
const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6, TABLE: 15 };
const RTN = { UNICAST: 1, LOCAL: 2, PROHIBIT: 8 };
const RT_TABLE_MAIN = 254;
const PROTOCOL_BOOT = 3;
const SCOPE_LINK = 253;
const FRA = { IIFNAME: 3, GOTO: 4, PRIORITY: 6, FWMARK: 10, TABLE: 15, FWMASK: 16 };
const ACTION = { TABLE: 1, GOTO: 2, NOP: 3 };
const RULE_INVERT = 2;

const familyOf = (address: string) => (isIPv6(address) ? AF.INET6 : AF.INET);

/** An address with the length of its subnet. */
export interface Cidr {
  readonly address: string;
  readonly length: number;
}

export interface AddressInfo extends Cidr {
  readonly index: number;
}

function addressBody(index: number, { address, length }: Cidr): Buffer[] {
  const bytes = addressBytes(address);
  const flags = familyOf(address) === AF.INET6 ? IFA_F_NODAD : 0;
  const header = Buffer.of(familyOf(address), length, flags, 0, 0, 0, 0, 0);
  header.writeUInt32LE(index, 4);
  const broadcast =
    familyOf(address) === AF.INET && length < 31 ? [attribute(IFA.BROADCAST, lastOf(bytes, length))] : [];
  return [header, attribute(IFA.LOCAL, bytes), attribute(IFA.ADDRESS, bytes), ...broadcast];
}

function lastOf(bytes: Buffer, length: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE((bytes.readUInt32BE(0) | (length === 0 ? 0xffffffff : 0xffffffff >>> length)) >>> 0);
  return out;
}

/** IPv6 addresses are usable at once: the engine gives each once. */
export function addAddress(index: number, address: Cidr): Request {
  return request(RTM.NEWADDR, NLM.CREATE | NLM.REPLACE, ...addressBody(index, address));
}

export function listAddresses(netlink: Netlink): AddressInfo[] {
  return netlink.dump(request(RTM.GETADDR, 0, Buffer.alloc(8))).flatMap(({ body }) => {
    const attributes = attributesOf(body, 8);
    const bytes = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS);
    if (bytes === undefined) return [];
    return [{ index: body.readUInt32LE(4), address: addressText(bytes), length: body.readUInt8(1) }];
  });
}

export interface RouteOptions {
  /** undefined: the default route of `family`. */
  readonly to?: Cidr;
  readonly family?: 4 | 6;
  readonly via?: string;
  readonly index?: number;
  readonly table?: number;
  readonly metric?: number;
  /** Packets are refused, and the sender is told. */
  readonly prohibit?: boolean;
}

function routeBody(options: RouteOptions): Buffer[] {
  const { to, via, index, table = RT_TABLE_MAIN, metric, prohibit } = options;
  const sample = to?.address ?? via;
  const family = sample === undefined ? (options.family === 6 ? AF.INET6 : AF.INET) : familyOf(sample);
  const scope = via === undefined && !prohibit && family === AF.INET ? SCOPE_LINK : 0;
  const type = prohibit ? RTN.PROHIBIT : RTN.UNICAST;
  const header = Buffer.of(
    family,
    to?.length ?? 0,
    0,
    0,
    table > 255 ? 0 : table,
    PROTOCOL_BOOT,
    scope,
    type,
    0,
    0,
    0,
    0,
  );
  return [
    header,
    ...(to === undefined ? [] : [attribute(RTA.DST, addressBytes(to.address))]),
    ...(via === undefined ? [] : [attribute(RTA.GATEWAY, addressBytes(via))]),
    ...(index === undefined ? [] : [u32(RTA.OIF, index)]),
    ...(metric === undefined ? [] : [u32(RTA.PRIORITY, metric)]),
    u32(RTA.TABLE, table),
  ];
}

export function addRoute(options: RouteOptions): Request {
  return request(RTM.NEWROUTE, NLM.CREATE | NLM.REPLACE, ...routeBody(options));
}

export function removeRoute(options: RouteOptions): Request {
  return request(RTM.DELROUTE, 0, ...routeBody(options));
}

export interface RouteInfo extends Cidr {
  readonly table: number;
}

/** The destinations of every route of both families, in every table; those of the default routes have length 0. */
export function listRoutes(netlink: Netlink): RouteInfo[] {
  const families = [AF.INET, AF.INET6];
  return families.flatMap((family) =>
    netlink.dump(request(RTM.GETROUTE, 0, Buffer.of(family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))).flatMap(({ body }) => {
      const type = body.readUInt8(7);
      // What goes to everybody is no network that somebody uses.
      if (type !== RTN.UNICAST && type !== RTN.LOCAL && type < 6) return [];
      const attributes = attributesOf(body, 12);
      const table = attributes.get(RTA.TABLE)?.readUInt32LE(0) ?? body.readUInt8(4);
      const bytes = attributes.get(RTA.DST) ?? Buffer.alloc(family === AF.INET ? 4 : 16);
      return [{ address: addressText(bytes), length: body.readUInt8(1), table }];
    }),
  );
}

export interface RuleOptions {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly iif?: string;
  readonly mark?: number;
  /** The rule is for packets that do not match. */
  readonly invert?: boolean;
  readonly action: { readonly table: number } | { readonly goto: number } | "go on";
}

function ruleBody({ family, priority, iif, mark, invert, action: next }: RuleOptions): Buffer[] {
  const action = next === "go on" ? ACTION.NOP : "goto" in next ? ACTION.GOTO : ACTION.TABLE;
  const header = Buffer.alloc(12);
  header.writeUInt8(family === 6 ? AF.INET6 : AF.INET, 0);
  header.writeUInt8(action, 7);
  header.writeUInt32LE(invert ? RULE_INVERT : 0, 8);
  return [
    header,
    u32(FRA.PRIORITY, priority),
    ...(iif === undefined ? [] : [text(FRA.IIFNAME, iif)]),
    ...(mark === undefined ? [] : [u32(FRA.FWMARK, mark), u32(FRA.FWMASK, mark)]),
    ...(next !== "go on" && "goto" in next ? [u32(FRA.GOTO, next.goto)] : []),
    ...(next !== "go on" && "table" in next ? [u32(FRA.TABLE, next.table)] : []),
  ];
}

export function addRule(options: RuleOptions): Request {
  return request(RTM.NEWRULE, NLM.CREATE | NLM.EXCL, ...ruleBody(options));
}

export function removeRule(options: RuleOptions): Request {
  return request(RTM.DELRULE, 0, ...ruleBody(options));
}
