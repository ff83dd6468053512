import { invalid } from "../errors.ts";
import { goQuote } from "../text/go-quote.ts";

/** Parsers of flag values, by Go's strconv and Docker's opts packages, whose error texts they throw ("invalid"). */

const truths = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const falsehoods = new Set(["0", "f", "F", "FALSE", "false", "False"]);

export function parseBool(text: string): boolean {
  if (truths.has(text)) return true;
  if (falsehoods.has(text)) return false;
  throw invalid(`strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax`);
}

const integerForm = /^(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|[1-9](?:_?[0-9])*|0)$/;

/** A signed integer of that many bits, in any of Go's notations (0x1f, 0b1, 0o17, 017, 1_000). */
export function parseInteger(text: string, bits: 32 | 64): number {
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  const size = magnitude(text, text.slice(sign.length), "ParseInt");
  const limit = 2n ** BigInt(bits - 1);
  if (sign === "-" ? size > limit : size >= limit) throw outOfRange(text, "ParseInt");
  return Number(sign === "-" ? -size : size);
}

/** An unsigned integer of that many bits, in the same notations. */
export function parseUnsigned(text: string, bits: 16 | 32 | 64): number {
  const size = magnitude(text, text, "ParseUint");
  if (size >= 2n ** BigInt(bits)) throw outOfRange(text, "ParseUint");
  return Number(size);
}

function magnitude(text: string, digits: string, where: string): bigint {
  if (!integerForm.test(digits)) throw invalid(`strconv.${where}: parsing ${goQuote(text)}: invalid syntax`);
  if (digits.length > 100) throw outOfRange(text, where);
  const plain = digits.replaceAll("_", "");
  return BigInt(/^0[0-7]/.test(plain) ? `0o${plain.slice(1)}` : plain);
}

function outOfRange(text: string, where: string) {
  return invalid(`strconv.${where}: parsing ${goQuote(text)}: value out of range`);
}

/** "1.5" processors to 1500000000 billionths, as `--cpus` takes it: a decimal or a fraction "3/2". */
export function parseNanoCpus(text: string): number {
  const match = /^([+-]?)(\d{1,30})?(?:\.(\d{0,30}))?(?:\/(\d{1,30}))?$/.exec(text);
  const [, sign, whole = "", fraction, divisor] = match ?? [];
  if (match === null || (whole === "" && !fraction) || (fraction !== undefined && divisor !== undefined))
    throw invalid(`failed to parse ${text} as a rational number`);
  const scale = 10n ** BigInt(fraction?.length ?? 0) * BigInt(divisor ?? "1");
  if (scale === 0n) throw invalid(`failed to parse ${text} as a rational number`);
  const nano = BigInt(whole + (fraction ?? "")) * 1_000_000_000n;
  if (nano % scale !== 0n) throw invalid("value is too precise");
  return Number(nano / scale) * (sign === "-" ? -1 : 1);
}

/** One record of comma-separated values, as Go's encoding/csv reads it: a field may stand in double quotes. */
export function parseCsv(text: string): string[] {
  if (text === "") return [];
  const fields: string[] = [];
  let rest = text;
  for (;;) {
    const [field = "", quoted] = /^"((?:[^"]|"")*)"(?=,|$)/.exec(rest) ?? /^[^,]*/.exec(rest) ?? [];
    if (quoted === undefined && field.includes('"'))
      throw invalid(
        `parse error on line 1, column ${text.length - rest.length + field.indexOf('"') + 1}: bare " in non-quoted-field`,
      );
    fields.push(quoted === undefined ? field : quoted.replaceAll('""', '"'));
    if (field.length === rest.length) return fields;
    rest = rest.slice(field.length + 1);
  }
}

/** Docker's `--filter name=value`: the name trimmed and in lower case. Undefined for an empty text, which is ignored. */
export function parseFilter(text: string): { name: string; value: string } | undefined {
  if (text === "") return undefined;
  const equals = text.indexOf("=");
  if (equals < 0) throw invalid("bad format of filter (expected name=value)");
  return { name: text.slice(0, equals).trim().toLowerCase(), value: text.slice(equals + 1).trim() };
}
