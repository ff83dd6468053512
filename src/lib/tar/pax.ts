import { badTar } from "./entry.ts";

/** Records of a pax extended header (POSIX pax): keys are strings of bytes (latin1), the last of a name counts. */
export interface PaxRecords {
  records: Map<string, Buffer>;
  /** GNU.sparse.offset and GNU.sparse.numbytes in turn: format 0.0 repeats these keys. */
  sparsePairs: string[];
}

const NEWLINE = 0x0a;
const EQUALS = 0x3d;
const SPACE = 0x20;

/** Parses "length key=value\n" records; values may hold any bytes. Throws "invalid". The values are copies. */
export function parsePax(body: Buffer): PaxRecords {
  const result: PaxRecords = { records: new Map(), sparsePairs: [] };
  for (let at = 0; at < body.length; ) {
    // Some writers fill the header's last block with NULs and count them in.
    if (body[at] === 0 && body.subarray(at).every((byte) => byte === 0)) break;
    at = parseRecord(body, at, result);
  }
  return result;
}

function parseRecord(body: Buffer, at: number, result: PaxRecords): number {
  const space = body.indexOf(SPACE, at);
  const digits = space < 0 || space - at > 10 ? "" : body.toString("latin1", at, space);
  if (!/^[0-9]+$/.test(digits)) throw badTar("a pax record has no length");
  const end = at + Number(digits);
  if (end > body.length || end <= space + 1 || body[end - 1] !== NEWLINE)
    throw badTar("a pax record has a wrong length");
  const equals = body.indexOf(EQUALS, space + 1);
  if (equals < 0 || equals >= end || equals === space + 1) throw badTar("a pax record has no key");
  const key = body.toString("latin1", space + 1, equals);
  const value = Buffer.from(body.subarray(equals + 1, end - 1));
  addRecord(key, value, result);
  return end;
}

function addRecord(key: string, value: Buffer, { records, sparsePairs }: PaxRecords): void {
  if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") {
    if ((sparsePairs.length % 2 === 0) !== (key === "GNU.sparse.offset")) throw badTar("a sparse map is out of order");
    sparsePairs.push(value.toString("latin1"));
    return;
  }
  if (holdsName(key) && value.includes(0)) throw badTar(`a NUL byte in ${key}`);
  records.set(key, value);
}

const holdsName = (key: string) =>
  key === "path" || key === "linkpath" || key === "uname" || key === "gname" || key === "GNU.sparse.name";

/** One record; its length counts its own digits. */
export function formatPaxRecord(key: string, value: Buffer | string): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, "latin1"), toBytes(value), Buffer.from("\n")]);
  let length = rest.length + String(rest.length).length;
  if (String(length).length + rest.length !== length) length++;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

const toBytes = (value: Buffer | string) => (typeof value === "string" ? Buffer.from(value, "utf8") : value);

const SCHILY = "SCHILY.xattr.";
const LIBARCHIVE = "LIBARCHIVE.xattr.";

/** The extended attributes among the records: star's form (binary values; "=" and "%" in names escaped as GNU tar
 * does) and libarchive's (base64, percent-encoded names), the former counting where both are there. */
export function xattrsOf(records: ReadonlyMap<string, Buffer>): Map<string, Buffer> {
  const result = new Map<string, Buffer>();
  for (const [key, value] of records) {
    if (key.startsWith(SCHILY)) result.set(decodeEscapes(key.slice(SCHILY.length)), value);
    else if (key.startsWith(LIBARCHIVE)) {
      const name = decodePercent(key.slice(LIBARCHIVE.length));
      if (!records.has(SCHILY + name)) result.set(name, Buffer.from(value.toString("latin1"), "base64"));
    }
  }
  for (const name of result.keys()) {
    if (name === "" || name.includes("\0")) throw badTar("an extended attribute without a name");
  }
  return result;
}

/** The pax key of an extended attribute. */
export const xattrKey = (name: string) =>
  SCHILY + (name.includes("=") ? name.replaceAll("%", "%25").replaceAll("=", "%3D") : name);

const decodeEscapes = (name: string) =>
  name.includes("%3D") ? name.replaceAll("%3D", "=").replaceAll("%25", "%") : name;

const decodePercent = (name: string) =>
  name.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
