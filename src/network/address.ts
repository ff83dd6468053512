import { isIPv4, isIPv6 } from "node:net";
import { invalid } from "../lib/index.ts";

/** IP addresses and prefixes as numbers. Pure. */

export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** A network: its first address and the bits that are fixed. */
export interface Prefix {
  readonly family: Family;
  readonly base: bigint;
  readonly length: number;
}

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

/** undefined where the text is no address. IPv4-mapped IPv6 addresses are IPv6. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, value: text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const low = dotted === null ? undefined : (parseAddress(dotted[2] ?? "")?.value ?? 0n);
  const plain = low === undefined ? text : `${dotted?.[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`;
  const [left = "", right] = plain.split("::");
  const words = (part: string) => (part === "" ? [] : part.split(":").map((word) => BigInt(`0x${word}`)));
  const [head, tail] = [words(left), right === undefined ? [] : words(right)];
  const zeros = Array<bigint>(Math.max(8 - head.length - tail.length, 0)).fill(0n);
  return { family: 6, value: [...head, ...zeros, ...tail].reduce((sum, word) => (sum << 16n) | word, 0n) };
}

/** The usual text; IPv6 as RFC 5952 has it. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join(".");
  const words = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - index * 16)) & 0xffffn);
  const run = longestZeros(words);
  const show = (part: bigint[]) => part.map((word) => word.toString(16)).join(":");
  if (run === undefined) return show(words);
  return `${show(words.slice(0, run.start))}::${show(words.slice(run.start + run.length))}`;
}

function longestZeros(words: readonly bigint[]): { start: number; length: number } | undefined {
  let best: { start: number; length: number } | undefined;
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === 0n) length++;
    if (length > 1 && length > (best?.length ?? 0)) best = { start, length };
  }
  return best;
}

const hostMask = (family: Family, length: number) => (1n << BigInt(bitsOf(family) - length)) - 1n;

/** The network that an address is in. */
export function prefixOf({ family, value }: Address, length: number): Prefix {
  return { family, base: value & ~hostMask(family, length), length };
}

/** "10.0.0.0/24" or, with host bits set, the network they are in; undefined where it is neither. */
export function parsePrefix(text: string): Prefix | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = parseAddress(match?.[1] ?? "");
  const length = Number(match?.[2]);
  if (address === undefined || length > bitsOf(address.family)) return undefined;
  return prefixOf(address, length);
}

export const formatPrefix = ({ family, base, length }: Prefix): string =>
  `${formatAddress({ family, value: base })}/${length}`;

/** The last address of a network. */
export const lastOf = ({ family, base, length }: Prefix): bigint => base + hostMask(family, length);

export function contains(prefix: Prefix, { family, value }: Address): boolean {
  return prefix.family === family && value >= prefix.base && value <= lastOf(prefix);
}

export function overlaps(a: Prefix, b: Prefix): boolean {
  return a.family === b.family && a.base <= lastOf(b) && b.base <= lastOf(a);
}

/** Whether `inner` lies within `outer`. */
export function within(inner: Prefix, outer: Prefix): boolean {
  return (
    inner.family === outer.family && inner.length >= outer.length && contains(outer, { ...inner, value: inner.base })
  );
}

/** Throws "invalid" with Docker's text. */
export function needPrefix(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw invalid(`invalid CIDR address: ${text}`);
  return prefix;
}
