import { type AnswerRecord, CLASS_ANY, CLASS_IN, type Query, Rcode, RecordType } from "../wire/index.ts";
import { reversedAddress } from "./address.ts";
import type { NameRecord } from "./name-table.ts";
import type { NameView, NetworkView } from "./name-view.ts";

/** An answer of the server's own, or "forward": the upstream servers' matter. */
export type Resolution = { readonly rcode: number; readonly records: readonly AnswerRecord[] } | "forward";

const EMPTY: Resolution = { rcode: Rcode.ok, records: [] };

/**
 * Answers from the tables. A name that is known has all its records here: asked for another type it has none (NODATA),
 * and upstream servers never hear of it. Docker's rules, except that it forwards types other than A, AAAA and MX.
 */
export function resolve(query: Query, view: NameView): Resolution {
  if (query.edns !== undefined && query.edns.version > 0) return { rcode: Rcode.badVersion, records: [] };
  if (query.class !== CLASS_IN && query.class !== CLASS_ANY) return "forward";
  const networks = view.networks();
  const record = find(query.name, networks);
  if (record !== undefined) return { rcode: Rcode.ok, records: addressRecords(record, query.type) };
  if (query.type === RecordType.PTR || query.type === RecordType.ANY) {
    const name = reverseName(query.name, networks);
    if (name !== undefined) return { rcode: Rcode.ok, records: [{ type: RecordType.PTR, data: name }] };
  }
  const isAddress = query.type === RecordType.A || query.type === RecordType.AAAA;
  const keepsHere = isAddress && !query.name.includes(".") && view.upstreams().ndotsSet === true;
  return keepsHere ? EMPTY : "forward";
}

/** The record of `name` on the first network that has it, or of NAME where it is NAME.NETWORK. */
function find(name: string, networks: readonly NetworkView[]): NameRecord | undefined {
  for (const network of networks) {
    const record = onNetwork(name, network);
    if (record !== undefined) return record;
  }
  if (!name.includes(".")) return undefined;
  for (const network of networks) {
    const suffix = `.${network.table.network}`;
    const record = name.endsWith(suffix) ? onNetwork(name.slice(0, -suffix.length), network) : undefined;
    if (record !== undefined) return record;
  }
  return undefined;
}

function onNetwork(name: string, { table, links }: NetworkView): NameRecord | undefined {
  return table.lookup(links?.get(name) ?? name);
}

function addressRecords(record: NameRecord, type: number): AnswerRecord[] {
  if (type === RecordType.A) return record.inTurn("v4").map(toRecord);
  if (type === RecordType.AAAA) return record.inTurn("v6").map(toRecord);
  return type === RecordType.ANY ? record.inTurn("both").map(toRecord) : [];
}

const toRecord = (data: Uint8Array): AnswerRecord => ({
  type: data.length === 4 ? RecordType.A : RecordType.AAAA,
  data,
});

/** NAME.NETWORK in the packet's form for a reverse name of one of the networks' addresses. */
function reverseName(name: string, networks: readonly NetworkView[]): Uint8Array | undefined {
  const address = reversedAddress(name);
  if (address === undefined) return undefined;
  for (const { table } of networks) {
    const found = table.reverse(address);
    if (found !== undefined && found !== "") return encodeName(`${found}.${table.network}`);
  }
  return undefined;
}

/** A name in the packet's form, or undefined where it has no such form (a label over 63 bytes, say). */
function encodeName(name: string): Uint8Array | undefined {
  const labels = name.split(".");
  if (name.length > 253 || labels.some(({ length }) => length === 0 || length > 63)) return undefined;
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.of(label.length), Buffer.from(label, "latin1")]),
    Buffer.of(0),
  ]);
}
