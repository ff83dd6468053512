import { invalid } from "../errors.ts";
import { parseGoDuration } from "./durations.ts";

const second = 1_000_000_000n;

/** Now, in nanoseconds since 1970. Precise to the millisecond of the wall clock, never going back within a process. */
export function nowNano(): bigint {
  const now = BigInt(Date.now()) * 1_000_000n;
  latest = now > latest ? now : latest + 1n;
  return latest;
}
let latest = 0n;

/**
 * An instant in UTC as Go's RFC3339Nano: trailing zeros of the fraction are left out, unless `fixed` asks for all nine
 * digits, as log lines have them. A bigint is nanoseconds since 1970.
 */
export function rfc3339Nano(time: bigint | Date, { fixed = false }: { fixed?: boolean } = {}): string {
  const nanoseconds = typeof time === "bigint" ? time : BigInt(time.getTime()) * 1_000_000n;
  const fraction = ((nanoseconds % second) + second) % second;
  const date = new Date(Number((nanoseconds - fraction) / 1_000_000n));
  const digits = fraction.toString().padStart(9, "0");
  const shown = fixed ? digits : digits.replace(/0+$/, "");
  return `${date.toISOString().slice(0, 19)}${shown === "" ? "" : `.${shown}`}Z`;
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?)?)?(Z|z|[+-]\d\d:\d\d)?$/;

/**
 * RFC 3339 text, also cut short after day, hour or minute, to nanoseconds since 1970. Without a zone it is local time.
 * Undefined where it is not of that form or no such instant exists.
 */
export function parseRfc3339(text: string): bigint | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = "00", minute = "00", seconds = "00", fraction = "", zone = ""] = match;
  const milliseconds = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${seconds}.000${zone.toUpperCase()}`);
  const dayOfMonth = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate();
  if (Number.isNaN(milliseconds) || dayOfMonth !== Number(day) || hour === "24") return undefined;
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/**
 * Docker's --since and --until: a Go duration before now, RFC 3339 text, or seconds since 1970 with an optional
 * fraction. Nanoseconds since 1970. Throws "invalid" with Docker's text.
 */
export function parseTimestamp(text: string, now: bigint = BigInt(Date.now()) * 1_000_000n): bigint {
  const ago = text === "0" ? undefined : duration(text);
  if (ago !== undefined) return ((now - ago) / second) * second;
  const instant = parseRfc3339(text);
  if (instant !== undefined) return instant;
  const [, sign = "", seconds, fraction = ""] = /^(-?)(\d{1,12})(?:\.(\d{1,9})\d{0,11})?$/.exec(text) ?? [];
  if (seconds !== undefined) {
    const value = BigInt(seconds) * second + BigInt(fraction.padEnd(9, "0"));
    return sign === "-" ? -value : value;
  }
  if (text.includes("-")) throw invalid(`parsing time ${JSON.stringify(text)}: cannot parse it as a time`);
  throw invalid(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
}

/** Nanoseconds as the API's query parameters carry an instant: "seconds.nanoseconds". */
export function formatUnixTime(nanoseconds: bigint): string {
  return `${nanoseconds / second}.${(nanoseconds % second).toString().padStart(9, "0")}`;
}

function duration(text: string): bigint | undefined {
  try {
    return BigInt(parseGoDuration(text));
  } catch {
    return undefined;
  }
}
