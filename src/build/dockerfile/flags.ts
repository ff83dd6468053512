import { Complaint } from "./dockerfile-error.ts";
import { didYouMean } from "./nearest-name.ts";

/** What kinds of flags an instruction has: a switch, one value, or a value each time. */
export type FlagTable = Readonly<Record<string, "boolean" | "string" | "strings">>;

/** The flags that were given. */
export class Flags {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  string(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  strings(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** undefined when the flag was not given. */
  boolean(name: string): boolean | undefined {
    const value = this.string(name);
    return value === undefined ? undefined : value === "true";
  }
}

/** Reads `--name[=value]` words by a table. Throws Complaint in BuildKit's words. */
export function readFlags(words: readonly string[], table: FlagTable): Flags {
  const values = new Map<string, string[]>();
  for (const word of words) {
    const equals = word.indexOf("=");
    const flag = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? undefined : word.slice(equals + 1);
    const name = flag.slice(2);
    const kind = Object.hasOwn(table, name) ? table[name] : undefined;
    if (kind === undefined)
      throw new Complaint(`unknown flag: ${flag}${didYouMean(name, Object.keys(table))}`, {
        near: flag,
        hint: expectation(table),
      });
    const given = values.get(name) ?? [];
    if (given.length > 0 && kind !== "strings")
      throw new Complaint(`duplicate flag specified: ${flag}`, { near: flag });
    values.set(name, [...given, kind === "boolean" ? booleanValue(flag, value) : stringValue(flag, value)]);
  }
  return new Flags(values);
}

function expectation(table: FlagTable): string {
  const names = Object.keys(table).map((name) => `--${name}`);
  return names.length === 0 ? "this instruction takes no flags" : `expected ${names.join(", ")}`;
}

function stringValue(flag: string, value: string | undefined): string {
  if (value === undefined) throw new Complaint(`missing a value on flag: ${flag}`, { near: flag });
  return value;
}

function booleanValue(flag: string, value: string | undefined): string {
  if (value === "") throw new Complaint(`missing a value on flag: ${flag}`, { near: flag });
  const lower = (value ?? "true").toLowerCase();
  if (lower === "true" || lower === "false") return lower;
  throw new Complaint(`expecting boolean value for flag ${flag}, not: ${value}`, { near: flag });
}
