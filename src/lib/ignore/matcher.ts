import { invalid } from "../errors.ts";
import { type CompiledPattern, compilePattern, matchesPattern } from "./compile-pattern.ts";
import { cleanPath } from "./parse-ignore-file.ts";

/** What the patterns say of one path of a walk; handed on to what lies below it. */
export interface IgnoreState {
  readonly ignored: boolean;
  /** For a folder: nothing below it can be wanted, so it need not be read. */
  readonly prune: boolean;
  /** Which patterns matched this path or a folder above it. */
  readonly matched: readonly boolean[];
}

/** The patterns of a .dockerignore, by the rules of moby's patternmatcher: the last pattern that matches wins. */
export interface IgnoreMatcher {
  readonly patterns: readonly string[];
  /** Whether a path (relative to the context, `/` between names) is left out, itself or through a folder above it. */
  ignores(path: string): boolean;
  /** The same for a walk from the top: `parent` is the state of the folder that holds the path, absent at the top. */
  enter(path: string, parent?: IgnoreState): IgnoreState;
}

interface Rule {
  readonly negated: boolean;
  readonly pattern: CompiledPattern;
}

/** Kind "invalid" for a pattern that is broken or only `!`. No pattern makes matching slow. */
export function createIgnoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  const rules = patterns.flatMap(ruleOf);
  const exceptions = rules.filter(({ negated }) => negated);
  return {
    patterns,
    ignores: (path) => ignores(rules, path),
    enter(path, parent) {
      const matched: boolean[] = [];
      let ignored = false;
      for (const [index, { negated, pattern }] of rules.entries()) {
        // A rule that could not change the result is not tried, as in moby.
        const hit = parent?.matched[index] === true || (negated === ignored && matchesPattern(pattern, path));
        matched.push(hit);
        if (hit) ignored = !negated;
      }
      const prune = ignored && !exceptions.some(({ pattern }) => mayMatchBelow(pattern, path));
      return { ignored, prune, matched };
    },
  };
}

function ruleOf(written: string): Rule[] {
  const trimmed = cleanPath(written.trim());
  if (trimmed === "") return [];
  const negated = trimmed.startsWith("!");
  if (trimmed === "!") throw invalid('illegal exclusion pattern: "!"');
  return [{ negated, pattern: compilePattern(negated ? trimmed.slice(1) : trimmed) }];
}

function ignores(rules: readonly Rule[], path: string): boolean {
  const above = foldersAbove(path);
  let ignored = false;
  for (const { negated, pattern } of rules) {
    if (negated !== ignored) continue;
    if (matchesPattern(pattern, path) || above.some((folder) => matchesPattern(pattern, folder))) ignored = !negated;
  }
  return ignored;
}

function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) if (at > 0) folders.push(path.slice(0, at));
  return folders;
}

/** Whether the pattern may match something inside the folder: its first segments match the folder's, and it has more. */
function mayMatchBelow({ segments }: CompiledPattern, folder: string): boolean {
  if (segments === undefined) return true;
  const names = folder.split("/");
  if (segments.length <= names.length) return false;
  return names.every((name, index) => {
    const segment = segments[index];
    return segment !== undefined && matchesPattern(segment, name);
  });
}
