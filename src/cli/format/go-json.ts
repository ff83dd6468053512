const ESCAPES: Record<string, string> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** JSON as Go's encoding/json writes it: <, > and & are escaped. Nothing for undefined, as JSON.stringify. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => ESCAPES[character] ?? character);
}

/**
 * JSON text with new line breaks and indentation and nothing else changed: order, numbers and escapes stay as they
 * were (Go's json.Indent).
 */
export function indentJson(text: string, indent: string, prefix = ""): string {
  let result = "";
  let depth = 0;
  let at = 0;
  const line = () => `\n${prefix}${indent.repeat(depth)}`;
  while (at < text.length) {
    const character = text[at] ?? "";
    if (character === '"') {
      const end = stringEnd(text, at);
      result += text.slice(at, end);
      at = end;
      continue;
    }
    at++;
    if (character === "{" || character === "[") {
      depth++;
      const close = nextSolid(text, at);
      if (text[close] === "}" || text[close] === "]") {
        depth--;
        result += character + text[close];
        at = close + 1;
      } else result += character + line();
    } else if (character === "}" || character === "]") {
      depth--;
      result += line() + character;
    } else if (character === ",") result += character + line();
    else if (character === ":") result += ": ";
    else if (!/\s/.test(character)) result += character;
  }
  return result;
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function nextSolid(text: string, start: number): number {
  let at = start;
  while (at < text.length && /\s/.test(text[at] ?? "")) at++;
  return at;
}
