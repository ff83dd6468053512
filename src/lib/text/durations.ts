import { invalid } from "../errors.ts";

/** How long something lasted or was ago, in words, as go-units' HumanDuration. Milliseconds in. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  return longDuration(milliseconds / 3_600_000);
}

function longDuration(exactHours: number): string {
  const hours = Math.trunc(exactHours + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  const days = Math.trunc(hours / 24);
  if (hours < 24 * 7 * 2) return `${days} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(days / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(days / 30)} months`;
  return `${Math.trunc(Math.trunc(exactHours) / 24 / 365)} years`;
}

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "\u00b5s": 1_000n,
  "\u03bcs": 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const largest = 2n ** 63n - 1n;

/**
 * "1h30m", "-1.5s", "0" to nanoseconds, as Go's time.ParseDuration and with its texts (kind "invalid"). A number, as
 * the API has it: exact up to 104 days.
 */
export function parseGoDuration(text: string): number {
  const quoted = JSON.stringify(text);
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  let rest = text.slice(sign.length);
  if (rest === "0") return 0;
  if (rest === "") throw invalid(`time: invalid duration ${quoted}`);
  let total = 0n;
  while (rest !== "") {
    const [number = "", digits = "", fraction = ""] = /^([0-9]*)(?:\.([0-9]*))?/.exec(rest) ?? [];
    if (digits === "" && fraction === "") throw invalid(`time: invalid duration ${quoted}`);
    rest = rest.slice(number.length);
    const unit = /^[^0-9.]*/.exec(rest)?.[0] ?? "";
    if (unit === "") throw invalid(`time: missing unit in duration ${quoted}`);
    const scale = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (scale === undefined) throw invalid(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    rest = rest.slice(unit.length);
    total += scaled(digits, fraction, scale);
    if (total > largest) throw invalid(`time: invalid duration ${quoted}`);
  }
  return Number(sign === "-" ? -total : total);
}

function scaled(whole: string, fraction: string, scale: bigint): bigint {
  if (whole.length > 20) return largest + 1n;
  const kept = fraction.slice(0, 18);
  return BigInt(whole || "0") * scale + (BigInt(kept || "0") * scale) / 10n ** BigInt(kept.length);
}

/** Nanoseconds as Go's Duration.String: "1h30m0s", "1.5s", "100ms", "0s". */
export function formatGoDuration(nanoseconds: number | bigint): string {
  const total = typeof nanoseconds === "bigint" ? nanoseconds : BigInt(Math.trunc(nanoseconds));
  if (total === 0n) return "0s";
  const sign = total < 0n ? "-" : "";
  const size = total < 0n ? -total : total;
  if (size < 1_000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${decimal(size, 1_000n)}\u00b5s`;
  if (size < 1_000_000_000n) return `${sign}${decimal(size, 1_000_000n)}ms`;
  const minute = 60_000_000_000n;
  const seconds = `${decimal(size % minute, 1_000_000_000n)}s`;
  const minutes = size / minute;
  if (minutes === 0n) return sign + seconds;
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, "0")
    .replace(/0+$/, "");
  return fraction === "" ? `${value / unit}` : `${value / unit}.${fraction}`;
}
