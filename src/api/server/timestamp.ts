import { invalid } from "../../lib/index.ts";

const NANOS = 1_000_000_000n;

/**
 * The API's times (`since`, `until`): seconds since 1970 with an optional fraction, or RFC 3339, as nanoseconds.
 * Clients turn durations into these before they send. Empty and "0" mean not given. Fails "invalid".
 */
export function parseApiTime(text: string | null | undefined, name: string): bigint | undefined {
  if (text === null || text === undefined || text === "" || text === "0") return undefined;
  const unix = /^(-?)(\d{1,11})(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (unix !== null) return fromParts(unix[2], unix[3]) * (unix[1] === "-" ? -1n : 1n);
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const seconds = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3]}`) / 1000;
  if (match === null || Number.isNaN(seconds))
    throw invalid(`invalid value for "${name}": failed to parse value as time or duration: ${JSON.stringify(text)}`);
  return fromParts(String(seconds), match[2]);
}

const fromParts = (seconds = "0", fraction = "") => BigInt(seconds) * NANOS + BigInt(fraction.padEnd(9, "0"));
