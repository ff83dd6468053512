/** Whether a name of a path has a wildcard of Go's filepath.Match. */
export const hasWildcard = (text: string): boolean => /[*?[\\]/.test(text);

/**
 * Go's filepath.Match for one name: `*`, `?`, classes with ranges and `^`, and `\` before anything. A pattern that Go
 * calls bad matches nothing. Takes at most the product of both lengths.
 */
export function matchName(pattern: string, name: string): boolean {
  const elements = elementsOf([...pattern]);
  if (elements === undefined) return false;
  const characters = [...name];
  let reached = new Set([0]);
  for (const element of elements) {
    const next = new Set<number>();
    for (const at of reached) {
      if (element === "*") for (let to = at; to <= characters.length; to++) next.add(to);
      else if (at < characters.length && element(characters[at] as string)) next.add(at + 1);
    }
    reached = next;
  }
  return reached.has(characters.length);
}

type Element = "*" | ((character: string) => boolean);

function elementsOf(pattern: readonly string[]): Element[] | undefined {
  const elements: Element[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "*") {
      if (elements.at(-1) !== "*") elements.push("*");
    } else if (character === "?") elements.push(() => true);
    else if (character === "[") {
      const end = classEnd(pattern, at + 1);
      if (end === undefined) return undefined;
      elements.push(classOf(pattern.slice(at + 1, end)));
      at = end;
    } else {
      const literal = character === "\\" ? pattern[++at] : character;
      if (literal === undefined) return undefined;
      elements.push((given) => given === literal);
    }
  }
  return elements;
}

/** Where the bracket is that ends a class; undefined where none does. */
function classEnd(pattern: readonly string[], start: number): number | undefined {
  for (let at = pattern[start] === "^" ? start + 1 : start; at < pattern.length; at++) {
    if (pattern[at] === "\\") at++;
    else if (pattern[at] === "]") return at;
  }
  return undefined;
}

function classOf(inside: readonly string[]): (character: string) => boolean {
  const negated = inside[0] === "^";
  const ranges: [string, string][] = [];
  const characters = negated ? inside.slice(1) : [...inside];
  for (let at = 0; at < characters.length; at++) {
    const take = () => (characters[at] === "\\" ? characters[++at] : characters[at]) ?? "";
    const low = take();
    let high = low;
    if (characters[at + 1] === "-" && at + 2 < characters.length) {
      at += 2;
      high = take();
    }
    ranges.push([low, high]);
  }
  return (character) => ranges.some(([low, high]) => low <= character && character <= high) !== negated;
}
