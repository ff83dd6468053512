import { invalid } from "../../../lib/index.ts";

/** Where a word is being read. */
interface Cursor {
  readonly text: string;
  at: number;
}

/**
 * A word as a Dockerfile means it: quotes removed, escapes taken, `$name`, `${name}`, `${name:-word}` and
 * `${name:+word}` replaced (without the colon an empty value counts as set). An unknown name is empty. Throws
 * "invalid" with BuildKit's texts.
 */
export function expandWord(word: string, environment: ReadonlyMap<string, string>): string {
  try {
    return read({ text: word, at: 0 }, environment, "");
  } catch (error) {
    throw invalid(`failed to process ${JSON.stringify(word)}: ${error instanceof Error ? error.message : ""}`);
  }
}

function read(cursor: Cursor, environment: ReadonlyMap<string, string>, end: string): string {
  let out = "";
  while (cursor.at < cursor.text.length) {
    const letter = cursor.text.charAt(cursor.at);
    if (letter === end) return out;
    cursor.at++;
    if (letter === "'") out += singleQuoted(cursor);
    else if (letter === '"') out += doubleQuoted(cursor, environment);
    else if (letter === "$") out += variable(cursor, environment);
    else if (letter === "\\") out += cursor.text.charAt(cursor.at++);
    else out += letter;
  }
  if (end !== "") throw invalid("syntax error: missing '}'");
  return out;
}

function singleQuoted(cursor: Cursor): string {
  const close = cursor.text.indexOf("'", cursor.at);
  if (close < 0) throw invalid("unexpected end of statement while looking for matching single-quote");
  const inside = cursor.text.slice(cursor.at, close);
  cursor.at = close + 1;
  return inside;
}

function doubleQuoted(cursor: Cursor, environment: ReadonlyMap<string, string>): string {
  let out = "";
  while (cursor.at < cursor.text.length) {
    const letter = cursor.text.charAt(cursor.at++);
    if (letter === '"') return out;
    if (letter === "$") out += variable(cursor, environment);
    else if (letter === "\\" && /["$\\]/.test(cursor.text.charAt(cursor.at))) out += cursor.text.charAt(cursor.at++);
    else out += letter;
  }
  throw invalid("unexpected end of statement while looking for matching double-quote");
}

function variable(cursor: Cursor, environment: ReadonlyMap<string, string>): string {
  if (cursor.text.charAt(cursor.at) === "{") {
    cursor.at++;
    return braced(cursor, environment);
  }
  const name = takeName(cursor);
  return name === "" ? "$" : (environment.get(name) ?? "");
}

function braced(cursor: Cursor, environment: ReadonlyMap<string, string>): string {
  const name = takeName(cursor);
  if (name === "") throw invalid("syntax error: bad substitution");
  const value = environment.get(name);
  const [operator = ""] = /^:?[-+?]|^\}/.exec(cursor.text.slice(cursor.at)) ?? [];
  cursor.at += operator.length;
  if (operator === "}") return value ?? "";
  if (operator === "") throw invalid(`unsupported modifier (${cursor.text.charAt(cursor.at)}) in substitution`);
  const word = read(cursor, environment, "}");
  cursor.at++;
  const isSet = value !== undefined && (operator.length === 1 || value !== "");
  if (operator.endsWith("+")) return isSet ? word : "";
  if (isSet) return value;
  if (operator.endsWith("?")) throw invalid(`${name}: ${word === "" ? "is not allowed to be unset" : word}`);
  return word;
}

function takeName(cursor: Cursor): string {
  const [name = ""] = /^(?:[A-Za-z_]\w*|\d|[@*#])/.exec(cursor.text.slice(cursor.at)) ?? [];
  cursor.at += name.length;
  return name;
}
