import { goQuote } from "../text/go-quote.ts";

export type TokenType =
  | "text"
  | "open"
  | "close"
  | "field" // .Name
  | "dot"
  | "variable" // $ or $name
  | "identifier"
  | "keyword"
  | "bool"
  | "nil"
  | "number"
  | "string"
  | "pipe"
  | "leftParen"
  | "rightParen"
  | "declare" // :=
  | "assign" // =
  | "char"
  | "error"
  | "end";

export interface Token {
  readonly type: TokenType;
  /** As written; of an error, its message. */
  readonly text: string;
  /** Index in the template. */
  readonly at: number;
  /** White space stands before it. */
  readonly spaced: boolean;
}

const keywords = new Set(["if", "else", "end", "range", "with", "template", "define", "block", "break", "continue"]);
const rules: readonly (readonly [TokenType, RegExp])[] = [
  ["declare", /:=/y],
  ["assign", /=/y],
  ["pipe", /\|/y],
  ["leftParen", /\(/y],
  ["rightParen", /\)/y],
  ["string", /"(?:\\[^\n]|[^"\\\n])*"|`[^`]*`/y],
  ["number", /'(?:\\[^\n]|[^'\\\n])+'|[+-]?\.?[0-9](?:[eEpP][+-]|[\p{L}\p{N}_.])*/uy],
  ["field", /\.[\p{L}\p{Nd}_]+/uy],
  ["dot", /\./y],
  ["variable", /\$[\p{L}\p{Nd}_]*/uy],
  ["identifier", /[\p{L}_][\p{L}\p{Nd}_]*/uy],
];

/**
 * Cuts a Go template into tokens. A lexical error is the last token, so that a mistake before it is reported first.
 * Trim markers and comments are applied here and leave no token.
 */
export function lex(template: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  let trim = false;
  while (position < template.length) {
    const open = template.indexOf("{{", position);
    const textEnd = open < 0 ? template.length : open;
    const trimNext = open >= 0 && /^-\s/.test(template.slice(open + 2, open + 4));
    pushText(tokens, template.slice(position, textEnd), position, trim, trimNext);
    if (open < 0) break;
    const inside = open + 2 + (trimNext ? 2 : 0);
    const action = startsComment(template, inside) ? lexComment(template, inside) : lexAction(template, open, inside);
    tokens.push(...action.tokens);
    if (action.tokens.at(-1)?.type === "error") return tokens;
    position = action.end;
    trim = action.trim;
  }
  tokens.push({ type: "end", text: "", at: template.length, spaced: false });
  return tokens;
}

function pushText(tokens: Token[], text: string, at: number, trimStart: boolean, trimEnd: boolean): void {
  const start = trimStart ? text.length - text.trimStart().length : 0;
  const kept = trimEnd ? text.slice(start).trimEnd() : text.slice(start);
  if (kept !== "") tokens.push({ type: "text", text: kept, at: at + start, spaced: false });
}

interface Action {
  tokens: Token[];
  /** Index after the closing braces. */
  end: number;
  /** The text that follows loses its leading white space. */
  trim: boolean;
}

function startsComment(template: string, inside: number): boolean {
  return template.startsWith("/*", inside);
}

function lexComment(template: string, inside: number): Action {
  const close = template.indexOf("*/", inside + 2);
  if (close < 0) return failed("unclosed comment", inside);
  const [end] = /^(?:\s-)?\}\}/.exec(template.slice(close + 2, close + 6)) ?? [];
  if (end === undefined) return failed("comment ends before closing delimiter", inside);
  return { tokens: [], end: close + 2 + end.length, trim: end.length > 2 };
}

function lexAction(template: string, open: number, inside: number): Action {
  const tokens: Token[] = [{ type: "open", text: "{{", at: open, spaced: false }];
  let depth = 0;
  for (let position = inside; ; ) {
    const start = position;
    while (/\s/.test(template.charAt(position))) position++;
    const spaced = position > start;
    const trim = spaced && template.startsWith("-}}", position);
    if (trim || template.startsWith("}}", position)) {
      if (depth > 0) tokens.push(error("unclosed left paren", position));
      else tokens.push({ type: "close", text: "}}", at: position, spaced });
      return { tokens, end: position + (trim ? 3 : 2), trim };
    }
    const token =
      position >= template.length ? error("unclosed action", position) : nextToken(template, position, spaced);
    if (token.type === "leftParen") depth++;
    if (token.type === "rightParen" && --depth < 0) tokens.push(error("unexpected right paren", position));
    else tokens.push(token);
    if (tokens.at(-1)?.type === "error") return { tokens, end: template.length, trim: false };
    position += token.text.length;
  }
}

function nextToken(template: string, at: number, spaced: boolean): Token {
  for (const [type, rule] of rules) {
    rule.lastIndex = at;
    const text = rule.exec(template)?.[0];
    if (text === undefined) continue;
    if (type === "identifier") return { type: wordType(text), text, at, spaced };
    if (type === "number" && !isNumber(text)) return error(`bad number syntax: ${goQuote(text)}`, at);
    if (type === "field" || type === "variable") return terminated(template, { type, text, at, spaced });
    return { type, text, at, spaced };
  }
  const character = template.charAt(at);
  if (character === '"') return error("unterminated quoted string", at);
  if (character === "`") return error("unterminated raw quoted string", at);
  if (character === "'") return error("unterminated character constant", at);
  if (character === ":") return error("expected :=", at);
  if (character >= " " && character <= "~") return { type: "char", text: character, at, spaced };
  return error(`unrecognized character in action: ${unicode(template, at)}`, at);
}

/** A name must end where something else can begin: `.A"x"` is a mistake. */
function terminated(template: string, token: Token): Token {
  const end = token.at + token.text.length;
  if (end >= template.length || /[\s.,|:()=}]/.test(template.charAt(end))) return token;
  return error(`bad character ${unicode(template, end)}`, end);
}

function unicode(template: string, at: number): string {
  const code = template.codePointAt(at) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")} '${String.fromCodePoint(code)}'`;
}

function wordType(text: string): TokenType {
  if (keywords.has(text)) return "keyword";
  if (text === "true" || text === "false") return "bool";
  return text === "nil" ? "nil" : "identifier";
}

function isNumber(text: string): boolean {
  return (
    text.startsWith("'") ||
    /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+)$/.test(text) ||
    /^[+-]?(?:[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9]+)?$/.test(text)
  );
}

function error(message: string, at: number): Token {
  return { type: "error", text: message, at, spaced: false };
}

function failed(message: string, at: number): Action {
  return { tokens: [error(message, at)], end: at, trim: false };
}
