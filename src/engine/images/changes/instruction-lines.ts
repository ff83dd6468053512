import { invalid } from "../../../lib/index.ts";

/** One instruction of a Dockerfile: its word in upper case as typed (`given`) and lower case, and all that follows. */
export interface InstructionLine {
  keyword: string;
  given: string;
  rest: string;
}

/** Splits text into instructions: comments and empty lines go, a backslash at the end joins the next line. */
export function instructionLines(text: string): InstructionLine[] {
  const lines: InstructionLine[] = [];
  let open = "";
  for (const raw of text.split(/\r?\n/)) {
    const line = open === "" ? raw.trimStart() : raw;
    if (/^\s*#/.test(raw) || (raw.trim() === "" && open === "")) continue;
    if (/\\[ \t]*$/.test(line)) {
      open += line.replace(/\\[ \t]*$/, "");
      continue;
    }
    lines.push(instructionLine(open + line));
    open = "";
  }
  if (open.trim() !== "") lines.push(instructionLine(open));
  if (lines.length === 0) throw invalid("file with no instructions");
  return lines;
}

/** Takes one logical line apart. */
export function instructionLine(line: string): InstructionLine {
  const [, given = "", rest = ""] = /^\s*(\S+)\s*([\s\S]*)$/.exec(line) ?? [];
  return { given, keyword: given.toLowerCase(), rest: rest.trim() };
}

/** The words of a line, separated by blanks outside quotes; quotes and backslashes stay for expansion. */
export function splitWords(rest: string): string[] {
  return rest.match(/(?:\\[\s\S]|'[^']*'?|"(?:\\[\s\S]|[^"\\])*"?|[^\s\\'"]|\\$)+/g) ?? [];
}

/** A line in JSON form (`["a", "b"]`); undefined where it is not a list of strings, which makes it shell form. */
export function jsonForm(rest: string): string[] | undefined {
  if (!rest.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(rest);
    return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * `key=value key2="v 2"`, or the old form `key the rest`, which takes everything up to the end of the line. Quotes stay
 * for expansion. Throws "invalid" with Docker's texts.
 */
export function keyValues(given: string, rest: string): [string, string][] {
  const words = splitWords(rest);
  const [first] = words;
  if (first === undefined) throw invalid(`${given.toUpperCase()} requires at least one argument`);
  if (!first.includes("=")) {
    const value = rest.slice(first.length).trim();
    if (value === "") throw invalid(`${given} must have two arguments`);
    return [[first, value]];
  }
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0)
      throw invalid(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}
