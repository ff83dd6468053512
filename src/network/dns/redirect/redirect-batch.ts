import { attribute, be16, nested, nftMessage, nftTransaction, number, text } from "./netlink-message.ts";

/** The tables' names inside a container's network namespace. */
export type RedirectTable = "berth_dns" | "berth_dns_other";

const NEWTABLE = 0;
const GETTABLE = 1;
const DELTABLE = 2;
const NEWCHAIN = 3;
const NEWRULE = 6;
const NLM_F_CREATE = 0x400;
const NLM_F_EXCL = 0x200;
const NLM_F_APPEND = 0x800;
const NF_INET_LOCAL_OUT = 3;
const NETWORK_HEADER = 1;
const TRANSPORT_HEADER = 2;
const NFT_META_L4PROTO = 16;
const registerOne = 1;
const dnsPort = 53;
const protocols = { udp: { number: 17, checksumAt: 6 }, tcp: { number: 6, checksumAt: 16 } } as const;

// Around conntrack (-200), which a container that has firewall rules of its own may use: it sees port 53 both ways.
const afterConntrack = -50;
const beforeConntrack = -300;

export interface RedirectPorts {
  readonly udp: number;
  readonly tcp: number;
}

/**
 * The transaction that leads packets for `address`:53 to the server's own ports there, and makes its answers come from
 * port 53: by rewriting ports, without conntrack, which would then look at all the container's packets. So the container
 * can have a DNS server of its own on 0.0.0.0:53. With `replace` a table of that name gives way, which takes the
 * kernel some milliseconds; without it must not be there.
 */
export function redirectBatch(
  name: RedirectTable,
  address: readonly number[],
  ports: RedirectPorts,
  replace = false,
): Buffer {
  const table = text(1, name);
  const create = (flags: number) => nftMessage(NEWTABLE, NLM_F_CREATE | flags, table);
  const rules = (["udp", "tcp"] as const).flatMap((protocol) => [
    rule(name, "asked", [...matches(protocol, address, 16, 2, dnsPort), ...writePort(protocol, 2, ports[protocol])]),
    rule(name, "answered", [...matches(protocol, address, 12, 0, ports[protocol]), ...writePort(protocol, 0, dnsPort)]),
  ]);
  return nftTransaction([
    ...(replace ? [create(0), nftMessage(DELTABLE, 0, table), create(0)] : [create(NLM_F_EXCL)]),
    chain(name, "asked", afterConntrack),
    chain(name, "answered", beforeConntrack),
    ...rules,
  ]);
}

/** The transaction that takes such a table away. */
export const removeRedirectBatch = (name: RedirectTable) => nftTransaction([nftMessage(DELTABLE, 0, text(1, name))]);

/**
 * Asks for such a table: ENOENT where it is not there. A transaction that fails says so too, but costs the kernel some
 * milliseconds.
 */
export const findRedirectMessage = (name: RedirectTable) => nftMessage(GETTABLE, 0, text(1, name));

function chain(table: RedirectTable, name: string, priority: number): Buffer {
  const hook = nested(4, number(1, NF_INET_LOCAL_OUT), number(2, priority));
  return nftMessage(NEWCHAIN, NLM_F_CREATE, text(1, table), text(3, name), hook, text(7, "filter"));
}

function rule(table: RedirectTable, inChain: string, expressions: Buffer[]): Buffer {
  const list = nested(4, ...expressions);
  return nftMessage(NEWRULE, NLM_F_CREATE | NLM_F_APPEND, text(1, table), text(2, inChain), list);
}

const expression = (name: string, ...data: Buffer[]) => nested(1, text(1, name), nested(2, ...data));

const load = (base: number, offset: number, length: number) =>
  expression("payload", number(1, registerOne), number(2, base), number(3, offset), number(4, length));

const equals = (value: Uint8Array) =>
  expression("cmp", number(1, registerOne), number(2, 0), nested(3, attribute(1, value)));

/** The address at this offset of the IP header, the protocol, and the port at that offset of its header. */
function matches(name: "udp" | "tcp", address: readonly number[], addressAt: number, portAt: number, port: number) {
  return [
    load(NETWORK_HEADER, addressAt, 4),
    equals(Uint8Array.from(address)),
    expression("meta", number(2, NFT_META_L4PROTO), number(1, registerOne)),
    equals(Uint8Array.of(protocols[name].number)),
    load(TRANSPORT_HEADER, portAt, 2),
    equals(be16(port)),
  ];
}

function writePort(name: "udp" | "tcp", portAt: number, port: number): Buffer[] {
  const checksum = [number(6, 1), number(7, protocols[name].checksumAt)];
  return [
    expression("immediate", number(1, registerOne), nested(2, attribute(1, be16(port)))),
    expression(
      "payload",
      number(5, registerOne),
      number(2, TRANSPORT_HEADER),
      number(3, portAt),
      number(4, 2),
      ...checksum,
    ),
  ];
}
