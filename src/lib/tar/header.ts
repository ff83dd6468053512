import { BLOCK, badTar } from "./entry.ts";
import { readNumber } from "./numbers.ts";

/** The fields of one header block, names joined with their prefix; nothing is checked but the checksum and numbers. */
export interface TarHeader {
  flag: string;
  name: Buffer;
  linkName: Buffer;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** Seconds. */
  mtime: number;
  atime?: number;
  ctime?: number;
  uname: string;
  gname: string;
  major: number;
  minor: number;
}

type Format = "v7" | "ustar" | "star" | "gnu";

const CHECKSUM = 148;

/** Whether the block is one of the two that end an archive. */
export function isZeroBlock(block: Buffer): boolean {
  if (block[0] !== 0) return false;
  return block.equals(ZERO_BLOCK);
}

const ZERO_BLOCK = Buffer.alloc(BLOCK);

/** Parses a header block of any dialect: v7, ustar and pax, star, GNU. Throws "invalid". The names are copies. */
export function parseHeader(block: Buffer): TarHeader {
  verifyChecksum(block);
  const format = formatOf(block);
  const named = format !== "v7";
  return {
    flag: String.fromCharCode(block[156] ?? 0),
    name: nameOf(block, format),
    linkName: bytes(block, 157, 100),
    mode: readNumber(block, 100, 8),
    uid: readNumber(block, 108, 8),
    gid: readNumber(block, 116, 8),
    size: readNumber(block, 124, 12),
    mtime: readNumber(block, 136, 12),
    ...timesOf(block, format),
    uname: named ? bytes(block, 265, 32).toString() : "",
    gname: named ? bytes(block, 297, 32).toString() : "",
    major: named ? readNumber(block, 329, 8) : 0,
    minor: named ? readNumber(block, 337, 8) : 0,
  };
}

function verifyChecksum(block: Buffer): void {
  const expected = readNumber(block, CHECKSUM, 8);
  let unsigned = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) unsigned += block[i] ?? 0;
  for (let i = CHECKSUM; i < CHECKSUM + 8; i++) unsigned -= block[i] ?? 0;
  if (expected !== unsigned && expected !== signedSum(block)) throw badTar("a header has a wrong checksum");
}

// Old tars added up signed characters.
function signedSum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) {
    if (i < CHECKSUM || i >= CHECKSUM + 8) sum += block.readInt8(i);
  }
  return sum;
}

function formatOf(block: Buffer): Format {
  const magic = block.toString("latin1", 257, 265);
  if (magic.startsWith("ustar\0")) return block.toString("latin1", 508, 512) === "tar\0" ? "star" : "ustar";
  return magic === "ustar  \0" ? "gnu" : "v7";
}

const PREFIX_LENGTH: Partial<Record<Format, number>> = { ustar: 155, star: 131 };

function nameOf(block: Buffer, format: Format): Buffer {
  const name = bytes(block, 0, 100);
  const prefix = bytes(block, 345, PREFIX_LENGTH[format] ?? 0);
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from("/"), name]);
}

function timesOf(block: Buffer, format: Format): { atime?: number; ctime?: number } {
  const at = format === "gnu" ? 345 : 476;
  if ((format !== "gnu" && format !== "star") || block[at] === 0) return {};
  return { atime: readNumber(block, at, 12), ctime: readNumber(block, at + 12, 12) };
}

/** A field up to its NUL or its end. */
function bytes(block: Buffer, offset: number, length: number): Buffer {
  const nul = block.indexOf(0, offset);
  const end = nul < 0 || nul > offset + length ? offset + length : nul;
  return Buffer.from(block.subarray(offset, end));
}
