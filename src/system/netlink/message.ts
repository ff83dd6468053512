import { isIPv6 } from "node:net";

/** Netlink messages as bytes (linux/netlink.h): building and taking apart. Pure. */

const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;
const HEADER = 16;

export const NLM = { REQUEST: 0x1, ACK: 0x4, EXCL: 0x200, CREATE: 0x400, REPLACE: 0x100, DUMP: 0x300 } as const;

const aligned = (length: number) => (length + 3) & ~3;

/** One attribute of raw bytes, padded. */
export function attribute(type: number, value: Uint8Array): Buffer {
  const out = Buffer.alloc(aligned(4 + value.length));
  out.writeUInt16LE(4 + value.length, 0);
  out.writeUInt16LE(type, 2);
  out.set(value, 4);
  return out;
}

export function u8(type: number, value: number): Buffer {
  return attribute(type, Uint8Array.of(value));
}

export function u32(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return attribute(type, bytes);
}

export function text(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`));
}

export function nested(type: number, ...inner: readonly Uint8Array[]): Buffer {
  return attribute(type | NESTED, Buffer.concat(inner));
}

/** A request without its sequence number: type, flags, the family's fixed header and the attributes. */
export interface Request {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

export function request(type: number, flags: number, ...parts: readonly Uint8Array[]): Request {
  return { type, flags: flags | NLM.REQUEST, body: Buffer.concat(parts) };
}

/** The request as it goes to the kernel. */
export function encode({ type, flags, body }: Request, sequence: number): Buffer {
  const out = Buffer.alloc(aligned(HEADER + body.length));
  out.writeUInt32LE(HEADER + body.length, 0);
  out.writeUInt16LE(type, 4);
  out.writeUInt16LE(flags, 6);
  out.writeUInt32LE(sequence, 8);
  out.set(body, HEADER);
  return out;
}

export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** The netlink port of whoever asked for what the message tells. */
  readonly port: number;
  readonly body: Buffer;
}

/** The messages of one datagram; a length that does not fit ends it. */
export function* messagesOf(datagram: Buffer): Generator<Message> {
  for (let at = 0; at + HEADER <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < HEADER || at + length > datagram.length) return;
    yield {
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      port: datagram.readUInt32LE(at + 12),
      body: datagram.subarray(at + HEADER, at + length),
    };
    at += aligned(length);
  }
}

/** Attributes by type, from `offset` on; of several of one type the last counts. */
export function attributesOf(body: Buffer, offset: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = offset; at + 4 <= body.length; ) {
    const length = body.readUInt16LE(at);
    if (length < 4 || at + length > body.length) break;
    found.set(body.readUInt16LE(at + 2) & TYPE_MASK, body.subarray(at + 4, at + length));
    at += aligned(length);
  }
  return found;
}

/** A zero-terminated text. */
export function textOf(value: Buffer | undefined): string {
  if (value === undefined) return "";
  const end = value.indexOf(0);
  return value.toString("utf8", 0, end < 0 ? value.length : end);
}

/** The bytes of an IPv4 or IPv6 address, in network order. The text must be an address. */
export function addressBytes(address: string): Buffer {
  return isIPv6(address) ? ipv6Bytes(address) : Buffer.from(address.split(".").map(Number));
}

function ipv6Bytes(address: string): Buffer {
  const tail = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const plain =
    tail === null
      ? address
      : `${tail[1]}${((Number(tail[2]) << 8) | Number(tail[3])).toString(16)}:${((Number(tail[4]) << 8) | Number(tail[5])).toString(16)}`;
  const [left = "", right] = plain.split("::");
  const words = (part: string) => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const [head, rest] = [words(left), right === undefined ? [] : words(right)];
  const all = [...head, ...Array<number>(Math.max(8 - head.length - rest.length, 0)).fill(0), ...rest];
  const out = Buffer.alloc(16);
  for (const [index, word] of all.slice(0, 8).entries()) out.writeUInt16BE(word, index * 2);
  return out;
}

/** The text of 4 or 16 bytes; IPv6 without the shortening of zeros. */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join(".");
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(":");
}
