import { Flag, HEADER_LENGTH } from "./message.ts";

/**
 * Whether `reply` answers the question of `query` (an upstream server's word, or a forger's): same id, an answer, the
 * same question but for the case of letters. A server that could not read the question may leave it out of its error.
 */
export function answersQuery(reply: Buffer, query: Buffer, questionEnd: number): boolean {
  if (reply.length < HEADER_LENGTH || reply.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  const flags = reply.readUInt16BE(2);
  if ((flags & Flag.response) === 0 || (flags & Flag.opcode) !== 0) return false;
  if (reply.readUInt16BE(4) === 0) return rcodeOf(reply) !== 0 && reply.readUInt16BE(6) === 0;
  if (reply.readUInt16BE(4) !== 1 || reply.length < questionEnd) return false;
  for (let at = HEADER_LENGTH; at < questionEnd; at++) {
    if (lower(reply[at] ?? 0) !== lower(query[at] ?? 0)) return false;
  }
  return true;
}

const lower = (byte: number) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);

/** The low four bits, which are all of it but for EDNS errors. */
export const rcodeOf = (reply: Buffer) => (reply[3] ?? 0) & 15;

/** A reply too long for the client's UDP: the question alone, marked as truncated, so that the client asks over TCP. */
export function cutReply(reply: Buffer, questionEnd: number): Buffer {
  const cut = Buffer.from(reply.subarray(0, questionEnd));
  cut.writeUInt16BE(cut.readUInt16BE(2) | Flag.truncated, 2);
  cut.fill(0, 6, HEADER_LENGTH);
  return cut;
}

export const isTruncated = (reply: Buffer) => (reply.readUInt16BE(2) & Flag.truncated) !== 0;
