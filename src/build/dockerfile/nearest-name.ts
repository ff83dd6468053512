/** Distance from which a name no longer counts as a slip of the pen (BuildKit's own limit). */
const TOO_FAR = 3;
const LONGEST = 64;

/**
 * The candidate that `word` probably meant: fewer than three edits away, in the case that `word` is written in.
 * undefined when none is near, or when the word is a candidate already.
 */
export function nearestName(word: string, candidates: Iterable<string>, caseSensitive = true): string | undefined {
  if (word.length > LONGEST) return undefined;
  const wanted = caseSensitive ? word : word.toLowerCase();
  let best: string | undefined;
  let least = TOO_FAR;
  for (const candidate of candidates) {
    const name = caseSensitive ? candidate : candidate.toLowerCase();
    if (name === wanted) return undefined;
    if (name.length > LONGEST) continue;
    const distance = editDistance(wanted, name);
    if (distance < least) [best, least] = [caseSensitive ? candidate : inCaseOf(word, name), distance];
  }
  return best;
}

/** ` (did you mean X?)`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>, caseSensitive = true): string {
  const name = nearestName(word, candidates, caseSensitive);
  return name === undefined ? "" : ` (did you mean ${name}?)`;
}

function inCaseOf(word: string, name: string): string {
  if (word === word.toLowerCase()) return name.toLowerCase();
  return word === word.toUpperCase() ? name.toUpperCase() : name;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[b.length] ?? 0;
}
