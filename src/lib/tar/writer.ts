import { BLOCK, paddingOf, type Segment, type TarEntry, type TarEntryType } from "./entry.ts";
import { formatPaxTime } from "./numbers.ts";
import { formatPaxRecord, xattrKey } from "./pax.ts";

/** What a writer needs to know of an entry; the rest has the obvious default (0, empty, mode 0644 or 0755). */
export type TarInput = { name: Buffer | string; type?: TarEntryType; linkName?: Buffer | string } & Partial<
  Omit<TarEntry, "name" | "type" | "linkName">
>;

const FLAGS: Record<TarEntryType, string> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
};

/**
 * The header blocks of an entry: a ustar header, after a pax header where the values need it (long names, large
 * numbers, nanoseconds, extended attributes, sparse maps in format 1.0). The same entry gives the same bytes. What
 * follows is the content (of a sparse file: its segments one after the other) and `paddingOf` its length in zeros.
 */
export function encodeHeader(input: TarInput): Buffer {
  const entry = complete(input);
  const records: Buffer[] = [];
  const add = (key: string, value: Buffer | string) => records.push(formatPaxRecord(key, value));
  const map = entry.sparse === undefined ? undefined : encodeSparseMap(entry.sparse, entry.size);
  const stored = storedSize(entry) + (map?.length ?? 0);
  const place = placeName(entry.name);
  if (place === undefined && map === undefined) add("path", entry.name);
  if (entry.linkName.length > 100) add("linkpath", entry.linkName);
  addNumbers(entry, stored, add);
  if (map !== undefined) addSparse(entry, add);
  for (const [name, value] of entry.xattrs) add(xattrKey(name), value);
  const header = encodeBlock(entry, stored, place ?? { name: entry.name.subarray(0, 100), prefix: EMPTY });
  if (records.length === 0 && map === undefined) return header;
  return Buffer.concat([paxHeader(entry, records), header, map ?? EMPTY]);
}

/** The zeros that end an archive. */
export const endOfArchive = () => Buffer.alloc(2 * BLOCK);

/** Bytes of content that follow the header. */
export function storedSize(entry: Pick<TarEntry, "size" | "sparse">): number {
  return entry.sparse === undefined ? entry.size : entry.sparse.reduce((sum, segment) => sum + segment.length, 0);
}

const EMPTY = Buffer.alloc(0);
const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;
const BILLION = 1_000_000_000n;

function complete(input: TarInput): TarEntry {
  const type = input.type ?? "file";
  return {
    mode: type === "directory" ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    uname: "",
    gname: "",
    size: 0,
    mtime: 0n,
    major: 0,
    minor: 0,
    xattrs: new Map(),
    ...input,
    ...(type === "file" ? {} : { size: 0 }),
    type,
    name: toBytes(input.name),
    linkName: toBytes(input.linkName ?? EMPTY),
  };
}

const toBytes = (value: Buffer | string) => (typeof value === "string" ? Buffer.from(value, "utf8") : value);

function addNumbers(entry: TarEntry, stored: number, add: (key: string, value: string) => void): void {
  if (entry.uid > MAX_OCTAL_7) add("uid", String(entry.uid));
  if (entry.gid > MAX_OCTAL_7) add("gid", String(entry.gid));
  if (stored > MAX_OCTAL_11) add("size", String(stored));
  if (!fitsSeconds(entry.mtime)) add("mtime", formatPaxTime(entry.mtime));
  if (entry.atime !== undefined) add("atime", formatPaxTime(entry.atime));
  if (entry.ctime !== undefined) add("ctime", formatPaxTime(entry.ctime));
}

const fitsSeconds = (ns: bigint) => ns >= 0n && ns % BILLION === 0n && ns / BILLION <= BigInt(MAX_OCTAL_11);

function addSparse(entry: TarEntry, add: (key: string, value: Buffer | string) => void): void {
  add("GNU.sparse.major", "1");
  add("GNU.sparse.minor", "0");
  add("GNU.sparse.name", entry.name);
  add("GNU.sparse.realsize", String(entry.size));
}

function encodeSparseMap(segments: readonly Segment[], size: number): Buffer {
  const last = segments.at(-1);
  // GNU tar takes the file's size from the end of the map, so that a hole at the end needs an empty segment after it.
  const whole =
    last !== undefined && last.offset + last.length === size ? segments : [...segments, { offset: size, length: 0 }];
  const numbers = [whole.length, ...whole.flatMap(({ offset, length }) => [offset, length])];
  const text = Buffer.from(`${numbers.join("\n")}\n`, "latin1");
  return Buffer.concat([text, Buffer.alloc(paddingOf(text.length))]);
}

function paxHeader(entry: TarEntry, records: Buffer[]): Buffer {
  const body = Buffer.concat(records);
  const base = entry.name.subarray(entry.name.lastIndexOf(0x2f, -2) + 1);
  const name = Buffer.concat([Buffer.from("PaxHeaders.0/"), base]).subarray(0, 100);
  const header = { ...complete({ name }), size: body.length };
  return Buffer.concat([
    encodeBlock(header, body.length, { name, prefix: EMPTY }, "x"),
    body,
    Buffer.alloc(paddingOf(body.length)),
  ]);
}

/** Where a name fits: in the name field, or cut at a slash into prefix and name; undefined where it does not. */
function placeName(name: Buffer): { name: Buffer; prefix: Buffer } | undefined {
  if (name.length <= 100) return { name, prefix: EMPTY };
  const slash = name.subarray(0, 156).lastIndexOf(0x2f, name.at(-1) === 0x2f ? Math.min(155, name.length - 2) : 155);
  if (slash <= 0 || name.length - slash - 1 > 100) return undefined;
  return { name: name.subarray(slash + 1), prefix: name.subarray(0, slash) };
}

function encodeBlock(
  entry: TarEntry,
  size: number,
  place: { name: Buffer; prefix: Buffer },
  flag = FLAGS[entry.type],
): Buffer {
  const block = Buffer.alloc(BLOCK);
  place.name.copy(block, 0);
  octal(block, 100, 8, entry.mode);
  octal(block, 108, 8, entry.uid > MAX_OCTAL_7 ? 0 : entry.uid);
  octal(block, 116, 8, entry.gid > MAX_OCTAL_7 ? 0 : entry.gid);
  octal(block, 124, 12, size > MAX_OCTAL_11 ? 0 : size);
  octal(block, 136, 12, clampSeconds(entry.mtime));
  block.write(flag, 156, "latin1");
  entry.linkName.copy(block, 157, 0, 100);
  block.write("ustar\x0000", 257, "latin1");
  block.write(entry.uname, 265, 31);
  block.write(entry.gname, 297, 31);
  octal(block, 329, 8, entry.major);
  octal(block, 337, 8, entry.minor);
  place.prefix.copy(block, 345);
  writeChecksum(block);
  return block;
}

function clampSeconds(ns: bigint): number {
  if (ns <= 0n) return 0;
  const seconds = Number(ns / BILLION);
  return seconds > MAX_OCTAL_11 ? 0 : seconds;
}

function octal(block: Buffer, offset: number, length: number, value: number): void {
  block.write(value.toString(8).padStart(length - 1, "0"), offset, length - 1, "latin1");
}

function writeChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}
