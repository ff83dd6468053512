import { isSpace, trimStart } from "./characters.ts";
import { Complaint } from "./dockerfile-error.ts";

/** Words between white space; quotes and escapes stay in them (expansion removes them) but keep blanks together. */
export function splitQuoted(text: string, token: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote === "" && isSpace(character)) {
      if (word !== "") words.push(word);
      word = "";
      continue;
    }
    if (character === token && quote !== "'") {
      // An escape at the very end is dropped.
      if (at + 1 === text.length) break;
      word += character + text.charAt(++at);
      continue;
    }
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === "'" || character === '"') quote = character;
    word += character;
  }
  if (word !== "") words.push(word);
  return words;
}

export interface FlagWords {
  readonly flags: readonly string[];
  readonly rest: string;
}

/** Takes `--flag` words off the front; quotes and escapes in them are removed. `--` alone ends them. */
export function takeFlags(text: string, token: string): FlagWords {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text.charAt(at))) at++;
    if (!text.startsWith("--", at)) return { flags, rest: text.slice(at) };
    const { word, end } = flagWord(text, at, token);
    at = end;
    if (word === "--") return { flags, rest: text.slice(at) };
    flags.push(word);
  }
}

function flagWord(text: string, start: number, token: string): { word: string; end: number } {
  let word = "";
  let quote = "";
  let at = start;
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote === "" && isSpace(character)) break;
    if (character === token) {
      if (at + 1 < text.length) word += text.charAt(++at);
    } else if (quote === "" && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = "";
    else word += character;
  }
  return { word, end: at };
}

/** The strings of a JSON array, or undefined when the text is not one. Throws Complaint when it holds other than strings. */
export function jsonWords(text: string): string[] | undefined {
  const body = trimStart(text);
  if (!body.startsWith("[")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const items: readonly unknown[] = value;
  if (!items.every((item): item is string => typeof item === "string"))
    throw new Complaint("when using JSON array syntax, arrays must be comprised of strings only");
  return [...items];
}
