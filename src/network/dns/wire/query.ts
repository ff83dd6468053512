import { Flag, HEADER_LENGTH, PLAIN_UDP_LIMIT, Rcode, RecordType } from "./message.ts";

const labelLimit = 63;
const nameLimit = 255;
const recordsLimit = 16;

/** A query as far as it concerns the server; everything else stays in the packet. */
export interface Query {
  readonly id: number;
  readonly flags: number;
  /** Lower case, labels joined by dots, none at the end; each char is a byte of the packet. "" is the root. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Where the question ends in the packet. */
  readonly questionEnd: number;
  /** What the client takes over UDP, at least 512 bytes. */
  readonly udpSize: number;
  /** Its EDNS record, where it has one. */
  readonly edns: { readonly version: number; readonly dnssecOk: boolean } | undefined;
}

/** A packet that gets an error for an answer; `questionEnd` is the header's end where the question is no question. */
export interface Refusal {
  readonly id: number;
  readonly flags: number;
  readonly rcode: number;
  readonly questionEnd: number;
}

/**
 * Reads the first `length` bytes of `packet`, whoever made them. Undefined: not worth an answer (too short, or an answer
 * itself, which two servers would send to and fro).
 */
export function parseQuery(packet: Buffer, length: number): Query | Refusal | undefined {
  if (length < HEADER_LENGTH) return undefined;
  const flags = packet.readUInt16BE(2);
  if ((flags & Flag.response) !== 0) return undefined;
  const id = packet.readUInt16BE(0);
  const refuse = (rcode: number) => ({ id, flags, rcode, questionEnd: HEADER_LENGTH });
  if ((flags & Flag.opcode) !== 0) return refuse(Rcode.notImplemented);
  if (packet.readUInt16BE(4) !== 1) return refuse(Rcode.formatError);
  const nameEnd = questionNameEnd(packet, length);
  if (nameEnd < 0) return refuse(Rcode.formatError);
  const opt = findOpt(packet, nameEnd + 4, length);
  if (opt === undefined) return refuse(Rcode.formatError);
  return {
    id,
    flags,
    name: questionName(packet, nameEnd),
    type: packet.readUInt16BE(nameEnd),
    class: packet.readUInt16BE(nameEnd + 2),
    questionEnd: nameEnd + 4,
    udpSize: opt < 0 ? PLAIN_UDP_LIMIT : Math.max(PLAIN_UDP_LIMIT, packet.readUInt16BE(opt)),
    edns: opt < 0 ? undefined : { version: packet[opt + 3] ?? 0, dnssecOk: ((packet[opt + 4] ?? 0) & 0x80) !== 0 },
  };
}

/** Where the first name ends, with room for type and class after it, or -1. Nothing can be compressed there. */
function questionNameEnd(packet: Buffer, length: number): number {
  let at = HEADER_LENGTH;
  for (;;) {
    const size = packet[at] ?? labelLimit + 1;
    at += size + 1;
    if (size > labelLimit || at - HEADER_LENGTH > nameLimit || at + 4 > length) return -1;
    if (size === 0) return at;
  }
}

const scratch = Buffer.alloc(nameLimit);

function questionName(packet: Buffer, end: number): string {
  let out = 0;
  for (let at = HEADER_LENGTH; at < end - 1; ) {
    if (out > 0) scratch[out++] = 0x2e;
    const stop = at + 1 + (packet[at] ?? 0);
    for (at++; at < stop; at++) {
      const byte = packet[at] ?? 0;
      // A dot inside a label is no dot between labels: such a name is nobody's here.
      scratch[out++] = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte === 0x2e ? 0 : byte;
    }
  }
  return scratch.toString("latin1", 0, out);
}

/** Where the class of the OPT record is (its sender's UDP size), -1 without one, undefined where records are broken. */
function findOpt(packet: Buffer, from: number, length: number): number | undefined {
  const before = packet.readUInt16BE(6) + packet.readUInt16BE(8);
  const count = before + packet.readUInt16BE(10);
  if (count === 0) return -1;
  if (count > recordsLimit) return undefined;
  let found = -1;
  let at = from;
  for (let index = 0; index < count; index++) {
    const nameEnd = skipName(packet, at, length);
    if (nameEnd < 0 || nameEnd + 10 > length) return undefined;
    if (index >= before && packet.readUInt16BE(nameEnd) === RecordType.OPT) {
      // RFC 6891 6.1.1: one at most, and its name is the root.
      if (found >= 0 || nameEnd !== at + 1) return undefined;
      found = nameEnd + 2;
    }
    at = nameEnd + 10 + packet.readUInt16BE(nameEnd + 8);
    if (at > length) return undefined;
  }
  return found;
}

/** The end of a name that may be compressed, or -1. Pointers are not followed. */
function skipName(packet: Buffer, from: number, length: number): number {
  for (let at = from; at < length; ) {
    const size = packet[at] ?? 0;
    if (size === 0) return at + 1;
    if (size >= 0xc0) return at + 2;
    if (size > labelLimit) return -1;
    at += size + 1;
  }
  return -1;
}
