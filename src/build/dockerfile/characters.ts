const OTHER_SPACE = /^[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

/** White space as Go's unicode.IsSpace has it: JavaScript's own adds the byte order mark and lacks U+0085. */
export function isSpace(character: string): boolean {
  const code = character.charCodeAt(0);
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return OTHER_SPACE.test(character);
}

export function trimSpace(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charAt(end - 1))) end--;
  return trimStart(text.slice(0, end));
}

export function trimStart(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text.charAt(start))) start++;
  return start === 0 ? text : text.slice(start);
}

/** Words between runs of blanks; the word list of `""` is `[""]`. */
export function splitBlanks(text: string): string[] {
  return text.split(/[\t\v\f\r ]+/);
}

/** The text before the first run of blanks and the text behind it; undefined where there is no blank. */
export function cutBlanks(text: string): [string, string | undefined] {
  const at = text.search(/[\t\v\f\r ]/);
  if (at < 0) return [text, undefined];
  let next = at;
  while (next < text.length && "\t\v\f\r ".includes(text.charAt(next))) next++;
  return [text.slice(0, at), text.slice(next)];
}
