import type { Context } from "./context.ts";
import type { Flags, FlagValues } from "./flag.ts";

/** How many arguments a command takes; `max` undefined for any number. */
export interface Arity {
  readonly min: number;
  readonly max?: number;
}

export interface Invocation<F extends Flags> {
  readonly flags: FlagValues<F>;
  readonly args: readonly string[];
  /** Whether the flag was given, with whatever value. */
  changed(name: keyof F & string): boolean;
}

/** One verb of the command line, as data. */
export interface Command<F extends Flags = Flags> {
  /** What follows the command's name in its usage line: "[OPTIONS] CONTAINER". */
  readonly usage: string;
  /** Every name of the command, without the program's, first the canonical; where it has more than one. */
  readonly aliases?: readonly string[];
  readonly examples?: string;
  readonly arity: Arity;
  readonly flags: F;
  /** Whether flags may follow the first argument; true unless given. */
  readonly interspersed?: boolean;
  /** Resolves to the exit code, 0 where it gives nothing. */
  run(context: Context, invocation: Invocation<F>): Promise<number | undefined>;
}

// biome-ignore lint/suspicious/noExplicitAny: the catalogue holds commands of every flag table.
export type AnyCommand = Command<any>;

/** Types a command by its own flags. */
export const command = <F extends Flags>(definition: Command<F>): Command<F> => definition;

export const noArgs: Arity = { min: 0, max: 0 };
export const exactly = (count: number): Arity => ({ min: count, max: count });
export const atLeast = (min: number): Arity => ({ min });
export const between = (min: number, max: number): Arity => ({ min, max });
