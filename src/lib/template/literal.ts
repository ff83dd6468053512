const simple: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

/** The value of a Go string literal in double quotes or backquotes; undefined where an escape is wrong. */
export function unquote(literal: string): string | undefined {
  const body = literal.slice(1, -1);
  if (literal.startsWith("`")) return body.replaceAll("\r", "");
  let bad = false;
  const value = body.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs,
    (_, hex, short, long, octal, letter) => {
      const code = hex ?? short ?? long;
      const number = code === undefined ? Number.parseInt(octal ?? "-1", 8) : Number.parseInt(code, 16);
      if (letter === undefined && number >= 0 && number <= 0x10ffff) return String.fromCodePoint(number);
      const plain = letter === undefined || !Object.hasOwn(simple, letter) ? undefined : simple[letter];
      if (plain === undefined) bad = true;
      return plain ?? "";
    },
  );
  return bad ? undefined : value;
}

/** The value of a Go number or character literal that the lexer has accepted; undefined where a character is malformed. */
export function parseNumber(literal: string): number | undefined {
  if (literal.startsWith("'")) {
    const body = literal.slice(1, -1);
    const character = unquote(`"${body === '"' ? '\\"' : body}"`);
    return character !== undefined && [...character].length === 1 ? character.codePointAt(0) : undefined;
  }
  const sign = literal.startsWith("-") ? -1 : 1;
  const digits = literal.replace(/^[+-]/, "").replaceAll("_", "");
  return sign * Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
}
