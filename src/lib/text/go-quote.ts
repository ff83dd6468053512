const named: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};
const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** Text in double quotes with Go's escapes, as `%q` prints it. */
export function goQuote(text: string): string {
  return `"${escaped(text, '"')}"`;
}

/** One character in single quotes, as `%q` prints a rune. */
export function goQuoteRune(character: string): string {
  return `'${escaped(character, "'")}'`;
}

function escaped(text: string, quote: string): string {
  let out = "";
  for (const character of text) out += character === quote ? `\\${quote}` : (named[character] ?? plain(character));
  return out;
}

function plain(character: string): string {
  if (!unprintable.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code > 0xffff) return `\\U${code.toString(16).padStart(8, "0")}`;
  return code >= 0xd800 && code < 0xe000 ? "\ufffd" : `\\u${code.toString(16).padStart(4, "0")}`;
}
