import { CLASS_IN, Flag, HEADER_LENGTH, Rcode, RECURSION_AVAILABLE, RecordType } from "./message.ts";
import type { Query, Refusal } from "./query.ts";

/** Docker's. Seconds. */
const TTL = 600;
const optLength = 11;
/** What this server takes over UDP, which nothing that it answers itself needs. */
const ownUdpSize = 1232;

/** One record about the name that was asked for. */
export interface AnswerRecord {
  readonly type: number;
  readonly data: Uint8Array;
}

/**
 * Writes the answer to `query`, whose packet it is, in at most `limit` bytes: records that do not fit are left out, and
 * the answer says so. Gives its length. `out` has room for `limit`, which is at least 512.
 */
export function writeAnswer(
  out: Buffer,
  packet: Buffer,
  query: Query,
  answer: { rcode: number; records: readonly AnswerRecord[] },
  limit: number,
): number {
  const room = limit - (query.edns === undefined ? 0 : optLength);
  packet.copy(out, 0, 0, query.questionEnd);
  let at = query.questionEnd;
  let count = 0;
  for (const record of answer.records) {
    if (at + 12 + record.data.length > room) break;
    at = writeRecord(out, at, record);
    count++;
  }
  const truncated = count < answer.records.length ? Flag.truncated : 0;
  writeHeader(out, query.flags, truncated | (answer.rcode & 15), [1, count, query.edns === undefined ? 0 : 1]);
  return query.edns === undefined ? at : writeOpt(out, at, answer.rcode >> 4, query.edns.dnssecOk);
}

function writeRecord(out: Buffer, at: number, { type, data }: AnswerRecord): number {
  // The name is that of the question, by pointer.
  out.writeUInt16BE(0xc000 | HEADER_LENGTH, at);
  out.writeUInt16BE(type, at + 2);
  out.writeUInt16BE(CLASS_IN, at + 4);
  out.writeUInt32BE(TTL, at + 6);
  out.writeUInt16BE(data.length, at + 10);
  out.set(data, at + 12);
  return at + 12 + data.length;
}

function writeOpt(out: Buffer, at: number, highRcode: number, dnssecOk: boolean): number {
  out[at] = 0;
  out.writeUInt16BE(RecordType.OPT, at + 1);
  out.writeUInt16BE(ownUdpSize, at + 3);
  out[at + 5] = highRcode;
  out[at + 6] = 0;
  out.writeUInt16BE(dnssecOk ? 0x8000 : 0, at + 7);
  out.writeUInt16BE(0, at + 9);
  return at + optLength;
}

/** Everything after the id; `flags` are the query's, of which the answer repeats opcode and RD (and CD). */
function writeHeader(out: Buffer, flags: number, set: number, [questions, answers, additional]: number[]): void {
  const kept = flags & (Flag.opcode | Flag.recursionDesired | 0x0010);
  out.writeUInt16BE(Flag.response | RECURSION_AVAILABLE | kept | set, 2);
  out.writeUInt16BE(questions ?? 0, 4);
  out.writeUInt16BE(answers ?? 0, 6);
  out.writeUInt16BE(0, 8);
  out.writeUInt16BE(additional ?? 0, 10);
}

/** Writes the answer to something that is no proper query: a header alone. Gives its length. */
export function writeRefusal(out: Buffer, { id, flags, rcode }: Refusal): number {
  out.writeUInt16BE(id, 0);
  writeHeader(out, flags, rcode, [0, 0, 0]);
  return HEADER_LENGTH;
}

/** An answer without records to `packet`, as a packet of its own: SERVFAIL where nothing better is known. */
export function failure(packet: Buffer, query: Query, rcode: number = Rcode.serverFailure): Buffer {
  const out = Buffer.alloc(query.questionEnd + optLength);
  return out.subarray(0, writeAnswer(out, packet, query, { rcode, records: [] }, out.length));
}
