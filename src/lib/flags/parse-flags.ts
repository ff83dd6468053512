import { BerthError, invalid, messageOf } from "../errors.ts";
import { goQuote, goQuoteRune } from "../text/go-quote.ts";
import type { Flag, Flags, FlagValues } from "./flag.ts";
import { suggest } from "./suggest.ts";

export interface ParseFlagsOptions {
  /** Whether flags may follow positional arguments. False for what runs a command: `run`, `exec`, and the global flags. */
  interspersed?: boolean;
}

export interface ParsedFlags<F extends Flags> {
  /** Every flag's value, the default where it was not given. */
  readonly values: FlagValues<F>;
  /** Long names of the flags that were given. */
  readonly changed: ReadonlySet<string>;
  /** The positional arguments. */
  readonly args: readonly string[];
  /** How many of `args` came before `--`; undefined without it. */
  readonly argsBeforeDash: number | undefined;
  /** `--help`, or `-h` where no flag has that letter; parsing stopped there. */
  readonly help: boolean;
  /** What to tell on stderr: deprecated flags that were used. */
  readonly warnings: readonly string[];
}

/**
 * Parses arguments by pflag's rules: groups of short flags with a value at their end (`-itv/a:/b`, `-it=false`),
 * `--name=value`, `--name value`, optional values only after `=`, `--` to end flags. Throws "invalid" with pflag's
 * texts, exit code 125, and a hint where a name is nearly one that exists.
 */
export function parseFlags<const F extends Flags>(
  flags: F,
  argv: readonly string[],
  { interspersed = true }: ParseFlagsOptions = {},
): ParsedFlags<F> {
  const state: State = {
    flags,
    byShort: shortNames(flags),
    values: new Map(),
    warnings: new Set(),
    help: false,
    rest: [...argv],
  };
  const args: string[] = [];
  let argsBeforeDash: number | undefined;
  for (let argument = state.rest.shift(); argument !== undefined && !state.help; argument = state.rest.shift()) {
    if (argument === "--") {
      argsBeforeDash = args.length;
      args.push(...state.rest.splice(0));
    } else if (!argument.startsWith("-") || argument === "-") {
      args.push(argument);
      if (!interspersed) args.push(...state.rest.splice(0));
    } else if (argument.startsWith("--")) takeLong(state, argument);
    else takeShorts(state, argument.slice(1));
  }
  const values = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, state.values.has(name) ? state.values.get(name) : flag.default]),
  );
  return {
    values: values as FlagValues<F>,
    changed: new Set(state.values.keys()),
    args,
    argsBeforeDash,
    help: state.help,
    warnings: [...state.warnings],
  };
}

interface State {
  readonly flags: Flags;
  readonly byShort: ReadonlyMap<string, string>;
  readonly values: Map<string, unknown>;
  readonly warnings: Set<string>;
  readonly rest: string[];
  help: boolean;
}

function shortNames(flags: Flags): ReadonlyMap<string, string> {
  return new Map(Object.entries(flags).flatMap(([name, { short }]) => (short === undefined ? [] : [[short, name]])));
}

function takeLong(state: State, argument: string): void {
  const text = argument.slice(2);
  if (/^[-=]/.test(text)) throw failure(`bad flag syntax: ${argument}`);
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  const flag = flagNamed(state.flags, name);
  if (flag === undefined) {
    if (name === "help") state.help = true;
    else throw unknownFlag(state.flags, name);
  } else if (equals >= 0) set(state, name, flag, text.slice(equals + 1));
  else set(state, name, flag, flag.noOptDefault ?? next(state, `--${name}`));
}

function takeShorts(state: State, group: string): void {
  let letters = group;
  while (letters !== "" && !state.help) letters = takeShort(state, letters);
}

/** Takes the first letter of a group, with its value, and returns what is left of the group. */
function takeShort(state: State, letters: string): string {
  const letter = String.fromCodePoint(letters.codePointAt(0) ?? 0);
  const after = letters.slice(letter.length);
  const name = state.byShort.get(letter);
  const flag = name === undefined ? undefined : flagNamed(state.flags, name);
  if (name === undefined || flag === undefined) {
    if (letter !== "h") throw failure(`unknown shorthand flag: ${goQuoteRune(letter)} in -${letters}`);
    state.help = true;
    return "";
  }
  if (flag.shortDeprecated !== undefined)
    state.warnings.add(`Flag shorthand -${letter} has been deprecated, ${flag.shortDeprecated}`);
  const given = after.length > 1 && after.startsWith("=") ? after.slice(1) : undefined;
  if (given === undefined && flag.noOptDefault !== undefined) {
    set(state, name, flag, flag.noOptDefault);
    return after;
  }
  set(state, name, flag, given ?? (after === "" ? next(state, `${goQuoteRune(letter)} in -${letters}`) : after));
  return "";
}

function set(state: State, name: string, flag: Flag<unknown>, text: string): void {
  const changed = state.values.has(name);
  try {
    state.values.set(name, flag.parse(text, changed ? state.values.get(name) : flag.default, changed));
  } catch (error) {
    const shown =
      flag.short === undefined || flag.shortDeprecated !== undefined ? `--${name}` : `-${flag.short}, --${name}`;
    throw invalid(`invalid argument ${goQuote(text)} for ${goQuote(shown)} flag: ${messageOf(error)}`, {
      cause: error,
      exitCode: 125,
      ...(error instanceof BerthError && error.hint !== undefined ? { hint: error.hint } : {}),
    });
  }
  if (flag.deprecated !== undefined) state.warnings.add(`Flag --${name} has been deprecated, ${flag.deprecated}`);
}

function next(state: State, shown: string): string {
  const value = state.rest.shift();
  if (value === undefined) throw failure(`flag needs an argument: ${shown}`);
  return value;
}

function flagNamed(flags: Flags, name: string): Flag<unknown> | undefined {
  return Object.hasOwn(flags, name) ? flags[name] : undefined;
}

function unknownFlag(flags: Flags, name: string): BerthError {
  const names = Object.keys(flags).filter((candidate) => flags[candidate]?.hidden !== true);
  const [nearest] = suggest(name, names);
  return failure(`unknown flag: --${name}`, nearest === undefined ? undefined : `did you mean --${nearest}?`);
}

function failure(message: string, hint?: string): BerthError {
  return invalid(message, { exitCode: 125, ...(hint === undefined ? {} : { hint }) });
}
