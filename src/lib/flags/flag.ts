import { parseGoDuration } from "../text/durations.ts";
import { parseSize } from "../text/sizes.ts";
import { parseBool, parseCsv, parseFilter, parseInteger, parseNanoCpus, parseUnsigned } from "./values.ts";

/** One flag as data: how it is called, what its text means, what help says of it. Its long name is its key in a Flags. */
export interface Flag<T> {
  /** The value's kind as help shows it: "string", "list", "bytes". */
  readonly type: string;
  /** One letter, without its dash. */
  readonly short?: string;
  readonly usage: string;
  readonly default: T;
  /** The default as help shows it; undefined where it says nothing. */
  readonly defaultText?: string;
  /** What `--name` without `=` means; without this, a flag takes the next argument. */
  readonly noOptDefault?: string;
  /** Not shown in help. */
  readonly hidden?: boolean;
  /** What to use instead: using the flag then gives a warning. */
  readonly deprecated?: string;
  readonly shortDeprecated?: string;
  /** The new value. `previous` is the default until the flag is `changed`. Throws "invalid" with the reason. */
  parse(text: string, previous: T, changed: boolean): T;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** The values that a set of flags gives, by long name. */
export type FlagValues<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

export interface FlagOptions<T> {
  short?: string;
  usage?: string;
  default?: T;
  defaultText?: string;
  hidden?: boolean;
  deprecated?: string;
  shortDeprecated?: string;
  noOptDefault?: string;
  /** The kind's name in help where it is not the usual one. */
  type?: string;
}

export interface ListFlagOptions extends FlagOptions<readonly string[]> {
  /** Checks one member and may put it in its normal form. Throws "invalid". */
  check?: (text: string) => string;
}

/** A flag of any type. `parse` gets the value so far, so that a flag can collect. */
export function flagOf<T>(
  type: string,
  initial: T,
  parse: Flag<T>["parse"],
  { type: shown = type, ...options }: FlagOptions<T> = {},
): Flag<T> {
  return { usage: "", default: initial, ...options, type: shown, parse };
}

/** Starts from the default T, or from undefined where none is given: then "not given" can be told from any value. */
function scalar<T>(type: string, zero: T, parse: (text: string) => T) {
  return (options: FlagOptions<T> = {}): Flag<T> => flagOf(type, zero, parse, options);
}

export const boolFlag = (options: FlagOptions<boolean> = {}): Flag<boolean> =>
  flagOf("bool", false, parseBool, { noOptDefault: "true", ...options });

export const stringFlag = scalar("string", "", (text) => text);
export const intFlag = scalar("int", 0, (text) => parseInteger(text, 64));
export const uint16Flag = scalar("uint16", 0, (text) => parseUnsigned(text, 16));

/** Nanoseconds. */
export const durationFlag = scalar("duration", 0, parseGoDuration);

/** Bytes; units are steps of 1024. */
export const bytesFlag = scalar("bytes", 0, (text) => parseSize(text));

/** Bytes, or -1 for "without limit". */
export const swapBytesFlag = scalar("bytes", 0, (text) => (text === "-1" ? -1 : parseSize(text)));

/** Billionths of a processor. */
export const cpusFlag = scalar("decimal", 0, parseNanoCpus);

/** Each use adds one member: Docker's list and pflag's stringArray. */
export function listFlag({ check = (text) => text, ...options }: ListFlagOptions = {}): Flag<readonly string[]> {
  return flagOf<readonly string[]>("list", [], (text, previous) => [...previous, check(text)], options);
}

/** Each use adds comma-separated members, the first one in place of the default: pflag's strings. */
export function stringsFlag({ check = (text) => text, ...options }: ListFlagOptions = {}): Flag<readonly string[]> {
  return flagOf<readonly string[]>(
    "strings",
    [],
    (text, previous, changed) => [...(changed ? previous : []), ...parseCsv(text).map(check)],
    options,
  );
}

/** Each use adds `key=value`, the later one winning; a key alone has the value "". */
export function mapFlag({
  check = (text) => text,
  ...options
}: FlagOptions<ReadonlyMap<string, string>> & { check?: (text: string) => string } = {}): Flag<
  ReadonlyMap<string, string>
> {
  return flagOf<ReadonlyMap<string, string>>(
    "map",
    new Map(),
    (text, previous) => {
      const [key = "", ...value] = check(text).split("=");
      return new Map([...previous, [key, value.join("=")]]);
    },
    options,
  );
}

/** Each use adds `name=value` to the values of that name. */
export function filterFlag(
  options: FlagOptions<ReadonlyMap<string, readonly string[]>> = {},
): Flag<ReadonlyMap<string, readonly string[]>> {
  return flagOf<ReadonlyMap<string, readonly string[]>>(
    "filter",
    new Map(),
    (text, previous) => {
      const filter = parseFilter(text);
      if (filter === undefined) return previous;
      const values = previous.get(filter.name) ?? [];
      return values.includes(filter.value)
        ? previous
        : new Map([...previous, [filter.name, [...values, filter.value]]]);
    },
    options,
  );
}
