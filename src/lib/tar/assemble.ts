import { badTar, overTarLimit, type Segment, type TarEntry, type TarEntryType, type TarLimits } from "./entry.ts";
import type { TarHeader } from "./header.ts";
import { parseDecimal, parsePaxTime } from "./numbers.ts";
import { type PaxRecords, xattrsOf } from "./pax.ts";

/** What precedes a member's own header and overrides its fields. */
export interface Overrides {
  pax?: PaxRecords;
  longName?: Buffer;
  longLink?: Buffer;
}

/** An entry, the bytes that are stored for it, and how its sparse map is found. */
export interface Assembled {
  entry: TarEntry;
  stored: number;
  sparse: "none" | "old-gnu" | { list: string[] } | "in-data";
}

const TYPES: Record<string, TarEntryType> = {
  "\0": "file",
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
  "7": "file",
  S: "file",
};

// The oldest format knows no sparse files, and its files may turn out to be directories.
const isFileFlag = (flag: string) => flag === "0" || flag === "7";

const MAX_ID = 0xffff_fffe;
const BILLION = 1_000_000_000n;

/**
 * Joins a header with what precedes it. Only files have content, whatever the size field of another type says: every
 * reader has to agree on where the next header is (as Go's archive/tar does).
 */
export function assemble(header: TarHeader, overrides: Overrides, limits: TarLimits): Assembled {
  const records = overrides.pax?.records ?? NO_RECORDS;
  const type = TYPES[header.flag];
  if (type === undefined) throw badTar(`unknown type ${JSON.stringify(header.flag)}`);
  const declared = number(records, "size") ?? header.size;
  if (declared < 0) throw badTar("a negative size");
  const stored = type === "file" ? declared : 0;
  const sparse = header.flag === "S" ? "old-gnu" : isFileFlag(header.flag) ? sparseForm(overrides.pax) : "none";
  const name = nameOf(header, overrides, records, sparse);
  const linkName = record(records, "linkpath") ?? overrides.longLink ?? header.linkName;
  checkName(name, limits);
  checkName(linkName, limits);
  const legacyDirectory = header.flag === "\0" && name.at(-1) === 0x2f;
  const plain = sparse === "none" || sparse === "old-gnu";
  const size = legacyDirectory ? 0 : plain ? stored : (sparseSize(records) ?? stored);
  const entry: TarEntry = {
    type: legacyDirectory ? "directory" : type,
    name,
    linkName: type === "hardlink" || type === "symlink" ? linkName : EMPTY,
    mode: header.mode & 0o7777,
    uid: id(number(records, "uid") ?? header.uid),
    gid: id(number(records, "gid") ?? header.gid),
    uname: record(records, "uname")?.toString() ?? header.uname,
    gname: record(records, "gname")?.toString() ?? header.gname,
    size,
    mtime: time(records, "mtime") ?? seconds(header.mtime),
    major: header.major,
    minor: header.minor,
    xattrs: overrides.pax === undefined ? NO_RECORDS : xattrsOf(records),
    ...optionalTimes(header, records),
  };
  return { entry, stored, sparse };
}

const EMPTY = Buffer.alloc(0);
const NO_RECORDS: ReadonlyMap<string, Buffer> = new Map();

/** A record's value; an empty one gives way to the header's field (POSIX pax). */
function record(records: ReadonlyMap<string, Buffer>, key: string): Buffer | undefined {
  const value = records.get(key);
  return value === undefined || value.length === 0 ? undefined : value;
}

function number(records: ReadonlyMap<string, Buffer>, key: string): number | undefined {
  const value = record(records, key);
  return value === undefined ? undefined : parseDecimal(value.toString("latin1"));
}

function time(records: ReadonlyMap<string, Buffer>, key: string): bigint | undefined {
  const value = record(records, key);
  return value === undefined ? undefined : parsePaxTime(value.toString("latin1"));
}

const seconds = (value: number) => BigInt(value) * BILLION;

function optionalTimes(header: TarHeader, records: ReadonlyMap<string, Buffer>): { atime?: bigint; ctime?: bigint } {
  const atime = time(records, "atime") ?? (header.atime === undefined ? undefined : seconds(header.atime));
  const ctime = time(records, "ctime") ?? (header.ctime === undefined ? undefined : seconds(header.ctime));
  return { ...(atime === undefined ? {} : { atime }), ...(ctime === undefined ? {} : { ctime }) };
}

function id(value: number): number {
  // 2^32-1 means "leave as it is" to chown(2).
  if (value < 0 || value > MAX_ID) throw badTar("a user or group id out of range");
  return value;
}

function checkName(name: Buffer, limits: TarLimits): void {
  if (name.length > limits.nameBytes) throw overTarLimit("bytes in a name", limits.nameBytes);
}

function nameOf(
  header: TarHeader,
  overrides: Overrides,
  records: ReadonlyMap<string, Buffer>,
  sparse: Assembled["sparse"],
): Buffer {
  const sparseName = sparse === "none" || sparse === "old-gnu" ? undefined : record(records, "GNU.sparse.name");
  return sparseName ?? record(records, "path") ?? overrides.longName ?? header.name;
}

function sparseForm(pax: PaxRecords | undefined): Assembled["sparse"] {
  if (pax === undefined) return "none";
  const { records, sparsePairs } = pax;
  if (record(records, "GNU.sparse.major")?.toString() === "1") {
    if (record(records, "GNU.sparse.minor")?.toString() !== "0") throw badTar("an unknown sparse format");
    return "in-data";
  }
  const map = record(records, "GNU.sparse.map");
  if (map !== undefined) return { list: map.toString("latin1").split(",") };
  if (sparsePairs.length > 0) return { list: sparsePairs };
  // A sparse file without data has a size and no map.
  return records.has("GNU.sparse.size") ? { list: [] } : "none";
}

function sparseSize(records: ReadonlyMap<string, Buffer>): number | undefined {
  const size = number(records, "GNU.sparse.realsize") ?? number(records, "GNU.sparse.size");
  if (size !== undefined && size < 0) throw badTar("a negative size");
  return size;
}

/** The entry with its checked map and its real size. */
export function withSparse(entry: TarEntry, size: number, segments: Segment[]): TarEntry {
  return { ...entry, size, sparse: segments };
}
