import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createIgnoreMatcher, type IgnoreState, parseIgnoreFile } from "./index.ts";

/** Pattern list, path, whether it is ignored: moby's own rules, each seen with BuildKit. */
const cases: [string, string, boolean][] = [
  ["*.go", "a.go", true],
  ["*.go", "d/a.go", false],
  ["**/*.go", "d/e/a.go", true],
  ["**/*.go", "a.go", true],
  ["**", "any/thing", true],
  ["**/", "any", true],
  ["d", "d/e/f", true],
  ["/d", "d/e", true],
  ["d/", "d/e", true],
  ["./d", "d", true],
  ["d/**", "d", false],
  ["d/**", "d/e", true],
  ["a/**/b", "a/b", true],
  ["a/**/b", "a/x/y/b", true],
  ["a/**/b", "ab", false],
  ["a/**/b", "a/xb", false],
  ["**/foo", "xfoo", false],
  ["**/foo", "x/foo", true],
  ["**foo", "xfoo", true],
  ["a?c", "abc", true],
  ["a?c", "a/c", false],
  ["a[b-d]c", "acc", true],
  ["a[^b]c", "abc", false],
  ["a[^b]c", "axc", true],
  ["a\\*c", "a*c", true],
  ["a\\*c", "abc", false],
  ["a+b.(c)|{d}$", "a+b.(c)|{d}$", true],
  ["*\n!keep", "keep", false],
  ["*\n!keep", "keep/in", false],
  ["*\n!keep\nkeep/out", "keep/out", true],
  ["!keep\n*", "keep", true],
  ["d\n!d/keep", "d/keep", false],
  ["d\n!d/keep", "d/other", true],
  ["**/.git\n!a/.git", "a/.git/config", false],
  ["# d\n#d", "d", false],
  [" d ", "d", true],
  ["\ufeffd", "d", true],
  ["! d\n", "d", false],
  ["e/../d", "d", true],
  ["../d", "d", false],
  ["d\\ e", "d e", true],
];

describe("ignore file", () => {
  it.each(cases)("%j: %j → %j", (text, path, ignored) => {
    const matcher = createIgnoreMatcher(parseIgnoreFile(text));
    expect(matcher.ignores(path)).toBe(ignored);
    expect(walked(text, path).ignored).toBe(ignored);
  });

  it.each(["[", "a[", "a[]", "a[b-", "a\\", "!"])("refuses %j", (pattern) => {
    expect(() => createIgnoreMatcher([pattern])).toThrow(/syntax error in pattern|illegal exclusion pattern/);
  });

  it("prunes a folder only where no exception lies below it", () => {
    expect(walked("d\n!x/keep", "d").prune).toBe(true);
    expect(walked("d\n!d/keep", "d").prune).toBe(false);
    expect(walked("d\n!d/keep", "d/other").prune).toBe(true);
    expect(walked("*\n!*/*.ts", "src").prune).toBe(false);
    expect(walked("*\n!a/*.ts", "b").prune).toBe(true);
    expect(walked("d\n!**/keep", "d").prune).toBe(false);
    expect(walked("node_modules", "node_modules").prune).toBe(true);
    expect(walked("d", "e").prune).toBe(false);
  });

  it("never prunes a folder that holds a wanted path", () => {
    const name = fc.constantFrom("a", "b", "c", "*", "**", "?", "a*", "[^a]");
    const pattern = fc
      .tuple(fc.boolean(), fc.array(name, { minLength: 1, maxLength: 4 }))
      .map(([negated, names]) => `${negated ? "!" : ""}${names.join("/")}`);
    const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 5 }), path, (patterns, names) => {
        const matcher = createIgnoreMatcher(patterns);
        let state: IgnoreState | undefined;
        let pruned = false;
        for (let depth = 1; depth <= names.length; depth++) {
          state = matcher.enter(names.slice(0, depth).join("/"), state);
          if (pruned) expect(state.ignored).toBe(true);
          pruned ||= state.prune;
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("matches a hostile pattern in no time", () => {
    const matcher = createIgnoreMatcher([`${"**/*a".repeat(40)}b`, `${"*a".repeat(100)}b`]);
    const before = performance.now();
    expect(matcher.ignores(`${"a/".repeat(1000)}${"a".repeat(255)}`)).toBe(false);
    expect(performance.now() - before).toBeLessThan(3000);
  });

  it("refuses an endless file", () => {
    expect(() => parseIgnoreFile("a\n".repeat(20_000))).toThrow(/more than 10000 patterns/);
    expect(() => parseIgnoreFile("a".repeat(5_000_000))).toThrow(/larger than the limit/);
  });
});

function walked(text: string, path: string): IgnoreState {
  const matcher = createIgnoreMatcher(parseIgnoreFile(text));
  const names = path.split("/");
  let state = matcher.enter(names[0] ?? "");
  for (let depth = 2; depth <= names.length; depth++) state = matcher.enter(names.slice(0, depth).join("/"), state);
  return state;
}
