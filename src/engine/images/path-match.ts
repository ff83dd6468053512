import { invalid } from "../../lib/index.ts";

/**
 * Go's path.Match: `*` is any run of characters but "/", `?` one of them, `[a-z]` and `[^a-z]` classes, `\` takes the
 * next character as it is; the whole text must match. Throws "invalid" for a malformed pattern. Runs in time linear in
 * pattern times text: a star that fails is tried again from the next place only.
 */
export function pathMatch(pattern: string, text: string): boolean {
  const items = parsePattern(pattern);
  const letters = [...text];
  let item = 0;
  let at = 0;
  let star: { item: number; at: number } | undefined;
  while (at < letters.length || item < items.length) {
    const current = items[item];
    const letter = letters[at];
    if (current === "star") {
      star = { item, at };
      item++;
    } else if (current !== undefined && letter !== undefined && current(letter)) {
      item++;
      at++;
    } else {
      const skipped = star === undefined ? undefined : letters[star.at];
      if (star === undefined || skipped === undefined || skipped === "/") return false;
      star.at++;
      item = star.item + 1;
      at = star.at;
    }
  }
  return true;
}

type Item = "star" | ((letter: string) => boolean);

function parsePattern(pattern: string): Item[] {
  const letters = [...pattern];
  const items: Item[] = [];
  let at = 0;
  const literal = (): string => {
    if (letters[at] === "\\") at++;
    const letter = letters[at++];
    if (letter === undefined) throw invalid("syntax error in pattern");
    return letter;
  };
  const characterClass = (): Item => {
    const negated = letters[at] === "^";
    if (negated) at++;
    const ranges: [string, string][] = [];
    while (ranges.length === 0 || letters[at] !== "]") {
      if (letters[at] === "-" || letters[at] === "]") throw invalid("syntax error in pattern");
      const low = literal();
      if (letters[at] === "-") at++;
      else {
        ranges.push([low, low]);
        continue;
      }
      ranges.push([low, literal()]);
    }
    at++;
    return (letter) => letter !== "/" && ranges.some(([low, high]) => low <= letter && letter <= high) !== negated;
  };
  while (at < letters.length) items.push(nextItem());
  return items;

  function nextItem(): Item {
    if (letters[at] === "*") {
      at++;
      return "star";
    }
    if (letters[at] === "?") {
      at++;
      return (letter) => letter !== "/";
    }
    if (letters[at] === "[") {
      at++;
      return characterClass();
    }
    const wanted = literal();
    return (letter) => letter === wanted;
  }
}
