import { formatG, formatShortest, goExponent } from "../text/go-number.ts";
import { goQuote, goQuoteRune } from "../text/go-quote.ts";
import { isMap, isNil, mapEntries, printed, typeName } from "./value.ts";

interface Directive {
  flags: string;
  width: number | undefined;
  precision: number | undefined;
  verb: string;
}

const directive =
  /%([-+# 0]*)(?:\[(\d{1,4})\])?(\*|\d{1,4})?(?:\.(?:\[(\d{1,4})\])?(\*|\d{0,4}))?(?:\[(\d{1,4})\])?([\s\S]?)/gu;
const widest = 1_000_000;

/** Go's fmt.Sprintf for the values that a template has. Mistakes are printed in the text, as Go does: `%!d(string=x)`. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  let reordered = false;
  const index = (position: string | undefined) => {
    if (position === undefined) return;
    reordered = true;
    next = Number(position) - 1;
  };
  const star = (text: string | undefined) => {
    const value = text === "*" ? Number(args[next++]) : text === undefined ? undefined : Number(text);
    return value !== undefined && Number.isInteger(value) && Math.abs(value) <= widest ? value : undefined;
  };
  const out = format.replace(directive, (_, flags: string, first, width, second, precision, third, verb: string) => {
    index(first);
    const wide = star(width);
    index(second);
    const digits = star(precision === "" ? "0" : precision);
    index(third);
    if (verb === "") return "%!(NOVERB)";
    if (verb === "%") return "%";
    if (next < 0 || next >= args.length) return reordered ? `%!${verb}(BADINDEX)` : `%!${verb}(MISSING)`;
    const left = wide !== undefined && wide < 0 ? `${flags}-` : flags;
    return formatted(args[next++], {
      flags: left,
      width: wide === undefined ? undefined : Math.abs(wide),
      precision: digits,
      verb,
    });
  });
  if (reordered || next >= args.length) return out;
  const extra = args.slice(next).map((arg) => (isNil(arg) ? "<nil>" : `${typeName(arg)}=${printed(arg)}`));
  return `${out}%!(EXTRA ${extra.join(", ")})`;
}

function formatted(value: unknown, spec: Directive): string {
  if (spec.verb === "T") return padded(typeName(value), spec);
  if (spec.verb !== "v" && !isNil(value)) {
    if (Array.isArray(value)) return `[${value.map((member) => formatted(member, spec)).join(" ")}]`;
    if (isMap(value))
      return `map[${mapEntries(value)
        .map(([key, member]) => `${formatted(key, spec)}:${formatted(member, spec)}`)
        .join(" ")}]`;
  }
  return scalar(value, spec) ?? `%!${spec.verb}(${typeName(value)}=${printed(value)})`;
}

function scalar(value: unknown, spec: Directive): string | undefined {
  if (isNil(value)) return spec.verb === "v" ? padded("<nil>", spec) : `%!${spec.verb}(<nil>)`;
  if (typeof value === "string") return text(value, spec);
  if (typeof value === "number") return Number.isInteger(value) ? integer(value, spec) : float(value, spec);
  if (typeof value === "boolean" && !"vt".includes(spec.verb)) return undefined;
  if (typeof value !== "boolean" && spec.verb !== "v" && spec.verb !== "s") return undefined;
  return padded(printed(value, spec.flags.includes("+")), spec);
}

function text(value: string, spec: Directive): string | undefined {
  const cut = spec.precision === undefined ? value : [...value].slice(0, spec.precision).join("");
  switch (spec.verb) {
    case "v":
      return padded(spec.flags.includes("#") ? goQuote(cut) : cut, spec);
    case "s":
      return padded(cut, spec);
    case "q":
      return padded(spec.flags.includes("#") && !cut.includes("`") ? `\`${cut}\`` : goQuote(cut), spec);
    case "x":
    case "X": {
      const separator = spec.flags.includes(" ") ? " " : "";
      const hex = [...Buffer.from(cut)].map((byte) => byte.toString(16).padStart(2, "0")).join(separator);
      return padded(spec.verb === "X" ? hex.toUpperCase() : hex, spec);
    }
    default:
      return undefined;
  }
}

const radixes: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };
const prefixes: Readonly<Record<string, string>> = { b: "0b", o: "0", x: "0x", X: "0X" };

function integer(value: number, spec: Directive): string | undefined {
  const radix = radixes[spec.verb];
  if (radix !== undefined) {
    const digits = Math.abs(value)
      .toString(radix)
      .padStart(spec.precision ?? 0, "0");
    const prefix = spec.verb === "O" ? "0o" : spec.flags.includes("#") ? (prefixes[spec.verb] ?? "") : "";
    return paddedNumber(value < 0, prefix + (spec.verb === "X" ? digits.toUpperCase() : digits), spec);
  }
  const character = value >= 0 && value <= 0x10ffff ? String.fromCodePoint(value) : "\ufffd";
  if (spec.verb === "c") return padded(character, spec);
  if (spec.verb === "q") return padded(goQuoteRune(character), spec);
  if (spec.verb === "U") return padded(`U+${value.toString(16).toUpperCase().padStart(4, "0")}`, spec);
  return undefined;
}

function float(value: number, spec: Directive): string | undefined {
  const size = Math.abs(value);
  const places = Math.min(spec.precision ?? 6, 100);
  switch (spec.verb.toLowerCase()) {
    case "f":
      return paddedNumber(value < 0, size.toFixed(places), spec);
    case "e": {
      const [mantissa, exponent] = size.toExponential(places).split("e");
      return paddedNumber(value < 0, `${mantissa}${goExponent(Number(exponent))}`, spec);
    }
    case "g":
    case "v":
      return paddedNumber(value < 0, spec.precision === undefined ? formatShortest(size) : formatG(size, places), spec);
    default:
      return undefined;
  }
}

function paddedNumber(negative: boolean, digits: string, spec: Directive): string {
  const sign = negative ? "-" : spec.flags.includes("+") ? "+" : spec.flags.includes(" ") ? " " : "";
  const zeros = spec.flags.includes("0") && !spec.flags.includes("-") && spec.width !== undefined;
  return zeros ? sign + digits.padStart((spec.width ?? 0) - sign.length, "0") : padded(sign + digits, spec);
}

function padded(value: string, { width = 0, flags }: Directive): string {
  const fill = " ".repeat(Math.max(0, width - [...value].length));
  return flags.includes("-") ? value + fill : fill + value;
}
