import { badTar } from "./entry.ts";

/**
 * A numeric field: octal digits in spaces or NULs, or, with the top bit set, a big-endian two's complement number
 * (base-256, GNU). An empty field is 0. Throws "invalid" for anything else and for what a double cannot hold exactly.
 */
export function readNumber(block: Buffer, offset: number, length: number): number {
  const first = block[offset] ?? 0;
  return first & 0x80 ? readBase256(block, offset, length) : readOctal(block, offset, length);
}

function readBase256(block: Buffer, offset: number, length: number): number {
  const negative = ((block[offset] ?? 0) & 0x40) !== 0;
  let value = 0n;
  for (let i = 0; i < length; i++) value = (value << 8n) | BigInt(block[offset + i] ?? 0);
  // The top bit only marks the encoding; the next one is the sign.
  const bits = BigInt(length * 8 - 1);
  value &= (1n << bits) - 1n;
  if (negative) value -= 1n << bits;
  return exact(Number(value));
}

function readOctal(block: Buffer, offset: number, length: number): number {
  let at = offset;
  let end = offset + length;
  while (at < end && isFiller(block[at])) at++;
  while (end > at && isFiller(block[end - 1])) end--;
  let value = 0;
  for (; at < end; at++) {
    const digit = (block[at] ?? 0) - 0x30;
    // What follows a NUL in the middle of a field is left over from a longer number.
    if (digit === -0x30) break;
    if (digit < 0 || digit > 7) throw badTar("a numeric field holds no number");
    value = value * 8 + digit;
  }
  return exact(value);
}

const isFiller = (byte: number | undefined) => byte === 0x20 || byte === 0;

function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw badTar("a number is too large");
  return value;
}

/** Decimal digits of a pax record. */
export function parseDecimal(text: string): number {
  if (!/^-?[0-9]{1,20}$/.test(text)) throw badTar("a pax record holds no number");
  return exact(Number(text));
}

const BILLION = 1_000_000_000n;

/** A pax time, "-12.000000345" (seconds), in nanoseconds; digits beyond are cut off. */
export function parsePaxTime(text: string): bigint {
  const match = /^(-?)([0-9]{1,18})(?:\.([0-9]{0,40}))?$/.exec(text);
  if (match === null) throw badTar("a pax record holds no time");
  const fraction = BigInt((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  const ns = BigInt(match[2] ?? "0") * BILLION + fraction;
  return match[1] === "-" ? -ns : ns;
}

/** The inverse of parsePaxTime. */
export function formatPaxTime(ns: bigint): string {
  const absolute = ns < 0n ? -ns : ns;
  const fraction = (absolute % BILLION).toString().padStart(9, "0").replace(/0+$/, "");
  return `${ns < 0n ? "-" : ""}${absolute / BILLION}${fraction === "" ? "" : `.${fraction}`}`;
}
