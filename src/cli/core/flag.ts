/**
 * The flags of src/lib/flags as the commands write them: the help text first. All of pflag's rules live there.
 */
import * as flags from "../../lib/flags/index.ts";

export type { Flags, FlagValues } from "../../lib/flags/index.ts";

type Flag<T> = flags.Flag<T>;

/** What a flag may have besides its help text. */
export interface Options<T = never> {
  short?: string;
  initial?: T;
  hidden?: boolean;
  deprecated?: string;
}

const common = (usage: string, { short, hidden, deprecated }: Options<unknown>) => ({
  usage,
  ...(short === undefined ? {} : { short }),
  ...(hidden === undefined ? {} : { hidden }),
  ...(deprecated === undefined ? {} : { deprecated }),
});

const initial = <T>(value: T | undefined) => (value === undefined ? {} : { default: value });

export const bool = (usage: string, options: Options<boolean> = {}) =>
  flags.boolFlag({ ...common(usage, options), ...initial(options.initial) });

export const string = (usage: string, options: Options<string> = {}) =>
  flags.stringFlag({ ...common(usage, options), ...initial(options.initial) });

export const int = (usage: string, options: Options<number> = {}) =>
  flags.intFlag({ ...common(usage, options), ...initial(options.initial) });

export const uint16 = (usage: string) => flags.uint16Flag({ usage, defaultText: "0" });

/** Nanoseconds. */
export const duration = (usage: string) => flags.durationFlag({ usage, defaultText: "0s" });
export const bytes = (usage: string, options: Options = {}) => flags.bytesFlag(common(usage, options));
export const swapBytes = (usage: string) => flags.swapBytesFlag({ usage });
export const cpus = (usage: string) => flags.cpusFlag({ usage });
export const strings = (usage: string, options: Options = {}) => flags.stringsFlag(common(usage, options));
export const filter = (usage: string, options: Options = {}) => flags.filterFlag(common(usage, options));

export const list = (usage: string, options: Options & { check?: (text: string) => string } = {}) =>
  flags.listFlag({ ...common(usage, options), ...(options.check === undefined ? {} : { check: options.check }) });

export const map = (usage: string, options: Options & { check?: (text: string) => string } = {}) =>
  flags.mapFlag({
    ...common(usage, options),
    defaultText: "map[]",
    ...(options.check === undefined ? {} : { check: options.check }),
  });

/** One member for each use, made by `parse`. */
export const collect = <T>(
  type: string,
  parse: (text: string) => T,
  usage: string,
  defaultText?: string,
): Flag<readonly T[]> =>
  flags.flagOf<readonly T[]>(type, [], (text, previous) => [...previous, parse(text)], {
    usage,
    ...(defaultText === undefined ? {} : { defaultText }),
  });

/** Not shown, and refused with the reason when given. */
export const refused = (type: string, reason: string): Flag<string> =>
  flags.flagOf<string>(
    type,
    "",
    () => {
      throw new Error(reason);
    },
    { hidden: true, ...(type === "bool" ? { noOptDefault: "true" } : {}) },
  );

/** Text before and after the first separator; undefined after where there is none. */
export function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
