import { invalid } from "../errors.ts";
import { formatG } from "./go-number.ts";

const decimalUnits = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

/** Bytes in steps of 1000 as go-units' HumanSize: 1230000 is "1.23MB". Lists of containers and images use precision 3. */
export function humanSize(bytes: number, precision = 4): string {
  return inUnits(bytes, 1000, decimalUnits, precision);
}

/** Bytes in steps of 1024 as go-units' BytesSize: 1048576 is "1MiB". */
export function bytesSize(bytes: number): string {
  return inUnits(bytes, 1024, binaryUnits, 4);
}

function inUnits(bytes: number, base: number, units: readonly string[], precision: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= base && unit < units.length - 1) {
    size /= base;
    unit++;
  }
  return formatG(size, precision) + units[unit];
}

/**
 * "10m", "1.5GiB", "512" to bytes, rounded down, as go-units' RAMInBytes: units are steps of 1024 unless `base` is
 * 1000. Throws "invalid" with go-units' texts.
 */
export function parseSize(text: string, base: 1000 | 1024 = 1024): number {
  const last = Math.max(...[..."0123456789. "].map((character) => text.lastIndexOf(character)));
  if (last < 0) throw invalid(`invalid size: '${text}'`);
  const number = text[last] === " " ? text.slice(0, last) : text.slice(0, last + 1);
  const size = parseGoFloat(number);
  if (size < 0) throw invalid(`invalid size: '${text}'`);
  const suffix = text.slice(last + 1).toLowerCase();
  const value = Math.trunc(size * multiplier(suffix, base));
  if (!Number.isFinite(value) || value > 2 ** 63) throw invalid(`invalid size: '${text}'`);
  return value;
}

function multiplier(suffix: string, base: number): number {
  if (suffix === "" || suffix === "b") return 1;
  const power = "kmgtp".indexOf(suffix.charAt(0)) + 1;
  if (power < 1 || !["", "b", "ib"].includes(suffix.slice(1))) throw invalid(`invalid suffix: '${suffix}'`);
  return base ** power;
}

/** A decimal number as Go's strconv.ParseFloat takes it, without hexadecimal and underscores; its text on failure. */
export function parseGoFloat(text: string): number {
  if (!/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(text))
    throw invalid(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
