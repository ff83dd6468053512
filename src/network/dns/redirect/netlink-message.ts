/**
 * Netlink messages as nf_tables takes them (linux/netlink.h, linux/netfilter/nf_tables.h). Pure. Numbers inside
 * attributes are big-endian there, those of the headers in the machine's order (little-endian here).
 */

const NLM_F_REQUEST = 1;
const NLA_F_NESTED = 0x8000;
const NFPROTO_IPV4 = 2;
const NFNL_SUBSYS_NFTABLES = 10;
const padding = (length: number) => (4 - (length & 3)) & 3;

/** An attribute with these bytes. */
export function attribute(type: number, data: Uint8Array): Buffer {
  const result = Buffer.alloc(4 + data.length + padding(data.length));
  result.writeUInt16LE(4 + data.length, 0);
  result.writeUInt16LE(type, 2);
  result.set(data, 4);
  return result;
}

export const nested = (type: number, ...inside: Buffer[]) => attribute(type | NLA_F_NESTED, Buffer.concat(inside));
export const text = (type: number, value: string) => attribute(type, Buffer.from(`${value}\0`, "latin1"));
export const number = (type: number, value: number) => attribute(type, be32(value));

function be32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

export function be16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function message(type: number, flags: number, family: number, resource: number, body: Buffer): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt32LE(20 + body.length, 0);
  head.writeUInt16LE(type, 4);
  head.writeUInt16LE(NLM_F_REQUEST | flags, 6);
  head.writeUInt8(family, 16);
  head.writeUInt16BE(resource, 18);
  return Buffer.concat([head, body]);
}

/** A message of nf_tables for the family ip. */
export const nftMessage = (type: number, flags: number, ...attributes: Buffer[]) =>
  message((NFNL_SUBSYS_NFTABLES << 8) | type, flags, NFPROTO_IPV4, 0, Buffer.concat(attributes));

/** One transaction of nf_tables messages. */
export function nftTransaction(messages: readonly Buffer[]): Buffer {
  const mark = (type: number) => message(type, 0, 0, NFNL_SUBSYS_NFTABLES, Buffer.alloc(0));
  return Buffer.concat([mark(16), ...messages, mark(17)]);
}
