import { Complaint } from "./dockerfile-error.ts";
import { lexShell } from "./shell-lexer.ts";

/** The announcement of a heredoc: `3<<-"EOF"`. */
export interface HeredocWord {
  readonly name: string;
  readonly expand: boolean;
  readonly chomp: boolean;
  readonly fileDescriptor: number;
}

const HEREDOC = /^(\d*)<<(-?)\s*([^<]*)$/;
const quotes = (text: string) => text.split(/['"]/).length;

/** Reads a word as a heredoc; undefined when it is none. Throws Complaint for a word with unbalanced quotes. */
export function parseHeredocWord(word: string): HeredocWord | undefined {
  const match = HEREDOC.exec(word);
  const rest = match?.[3] ?? "";
  if (match === null || rest === "") return undefined;
  const plain = lexShell(rest, { escape: "\\", lookup: () => undefined, keepUnset: true }).words;
  const raw = lexShell(rest, { escape: "\\", lookup: () => undefined, keepUnset: true, rawQuotes: true }).words;
  const [name] = plain;
  if (name === undefined || plain.length !== 1) return undefined;
  return {
    name,
    // A quote that the lexer took away was a quotation: the body is literal then.
    expand: quotes(name) === quotes(raw[0] ?? ""),
    chomp: match[2] === "-",
    fileDescriptor: Math.min(Number(match[1] ?? "0"), 0xffff_ffff),
  };
}

/** All heredocs that a logical line announces, in order. */
export function heredocsOf(line: string): HeredocWord[] {
  let words: readonly string[];
  try {
    words = lexShell(line, {
      escape: "\\",
      lookup: () => undefined,
      keepUnset: true,
      rawQuotes: true,
      rawEscapes: true,
    }).words;
  } catch (error) {
    // A line that the shell could not read announces nothing; the shell will say so itself.
    if (error instanceof Complaint) return [];
    throw error;
  }
  return words.flatMap((word) => parseHeredocWord(word) ?? []);
}

/** `<<-`: the tabs at the start of every line go. */
export const chompTabs = (text: string) => text.replace(/^\t+/gm, "");
