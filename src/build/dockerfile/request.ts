import { Complaint } from "./dockerfile-error.ts";
import type { Flags, FlagTable } from "./flags.ts";
import type { HeredocWord } from "./heredoc.ts";
import type { InstructionBase } from "./instruction.ts";

/** One instruction before it is typed. */
export interface InstructionRequest {
  readonly name: string;
  readonly base: InstructionBase;
  /** The text behind keyword and flags, trimmed. */
  readonly rest: string;
  readonly escape: "\\" | "`";
  readonly heredocs: readonly (HeredocWord & { readonly content: string })[];
  /** Reads the flags by a table; throws Complaint. */
  readonly flags: (table: FlagTable) => Flags;
}

export const needsOneAtLeast = (name: string) => new Complaint(`${name} requires at least one argument`);
export const needsExactlyOne = (name: string) => new Complaint(`${name} requires exactly one argument`);
export const blankName = (name: string) => new Complaint(`${name} names can not be blank`);

/** The whole rest as the single argument. */
export function oneArgument({ name, rest }: InstructionRequest): string {
  if (rest === "") throw needsExactlyOne(name);
  return rest;
}
