import { Complaint } from "./dockerfile-error.ts";
import { LIMITS } from "./limits.ts";

/** A pattern of `${name#pattern}`: characters, `?` for any one, `*` for any run. Newlines are matched by neither. */
export type ShellPattern = readonly (string | typeof ANY | typeof RUN)[];
const ANY = Symbol("?");
const RUN = Symbol("*");

/** Compiles a pattern. `\*`, `\?` and `\\` stand for themselves, `\}` and `\/` need their backslash inside `${}`. */
export function compilePattern(pattern: string): ShellPattern {
  const out: (string | typeof ANY | typeof RUN)[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*") out.push(RUN);
    else if (character === "?") out.push(ANY);
    else if (character !== "\\") out.push(character);
    else if (characters[at + 1] === "}" || characters[at + 1] === "/") continue;
    else out.push(escaped(pattern, characters[++at]));
  }
  return out;
}

function escaped(pattern: string, character: string | undefined): string {
  if (character === "*" || character === "?" || character === "\\") return character;
  throw new Complaint(`invalid pattern (${pattern}) in substitution: invalid escape '\\${character ?? ""}'`);
}

/** Counts work so that no pattern takes long; each match of a file's word shares one. */
export class PatternBudget {
  #left: number = LIMITS.patternSteps;

  spend(): void {
    if (this.#left-- <= 0) throw new Complaint("pattern in substitution takes too long to match");
  }
}

/**
 * Where a match that begins at `start` may end, the longest or the shortest; undefined when none does. Time is
 * at most pattern × text: the set of places reached is carried along, nothing is tried twice.
 */
export function matchAt(
  pattern: ShellPattern,
  text: readonly string[],
  start: number,
  greedy: boolean,
  budget: PatternBudget,
): number | undefined {
  let reached = closure(pattern, new Set([0]));
  let found: number | undefined;
  for (let at = start; ; at++) {
    if (reached.has(pattern.length)) {
      found = at;
      if (!greedy) return found;
    }
    const character = text[at];
    if (character === undefined || reached.size === 0) return found;
    reached = advance(pattern, reached, character, budget);
  }
}

function advance(pattern: ShellPattern, reached: Set<number>, character: string, budget: PatternBudget): Set<number> {
  const next = new Set<number>();
  for (const place of reached) {
    budget.spend();
    const element = pattern[place];
    if (element === RUN && character !== "\n") next.add(place);
    else if (element === character || (element === ANY && character !== "\n")) next.add(place + 1);
  }
  return closure(pattern, next);
}

/** A run may be empty: the place after it is reached as well. */
function closure(pattern: ShellPattern, places: Set<number>): Set<number> {
  for (const place of places) if (pattern[place] === RUN) places.add(place + 1);
  return places;
}

/** `${value#pattern}` and `${value##pattern}`. */
export function trimPrefix(value: string, pattern: string, longest: boolean): string {
  const text = [...value];
  const end = matchAt(compilePattern(pattern), text, 0, longest, new PatternBudget());
  return end === undefined ? value : text.slice(end).join("");
}

/** `${value%pattern}` and `${value%%pattern}`: the same from the other end. */
export function trimSuffix(value: string, pattern: string, longest: boolean): string {
  const text = [...value].reverse();
  const end = matchAt([...compilePattern(pattern)].reverse(), text, 0, longest, new PatternBudget());
  return end === undefined ? value : text.slice(end).reverse().join("");
}

/** `${value/pattern/replacement}` and `${value//pattern/replacement}`: the longest match from the left. */
export function replaceMatches(value: string, pattern: string, replacement: string, all: boolean): string {
  const compiled = compilePattern(pattern);
  const text = [...value];
  const budget = new PatternBudget();
  const out: string[] = [];
  let at = 0;
  let size = 0;
  // An empty match right behind a match does not count, as in Go's ReplaceAll.
  let lastEnd = -1;
  while (at <= text.length) {
    const end = matchAt(compiled, text, at, true, budget);
    if (end !== undefined && (end > at || at !== lastEnd)) {
      out.push(replacement);
      size += replacement.length;
      if (size > LIMITS.expandedWord) throw new Complaint("expanded word is too long");
      if (!all) return out.join("") + text.slice(end).join("");
      lastEnd = end;
      if (end > at) {
        at = end;
        continue;
      }
    }
    out.push(text[at] ?? "");
    at++;
  }
  return out.join("");
}
