import fc from "fast-check";
import { expect, test } from "vitest";
import { pathMatch } from "./path-match.ts";

// The table of Go's path package (match_test.go's cases), pattern, text, result.
const cases: [string, string, boolean][] = [
  ["abc", "abc", true],
  ["*", "abc", true],
  ["*c", "abc", true],
  ["a*", "a", true],
  ["a*", "ab/c", false],
  ["a*/b", "abc/b", true],
  ["a*/b", "a/c/b", false],
  ["a*b*c*d*e*/f", "axbxcxdxe/f", true],
  ["a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false],
  ["a*b?c*x", "abxbbxdbxebxczzx", true],
  ["a*b?c*x", "abxbbxdbxebxczzy", false],
  ["ab[c]", "abc", true],
  ["ab[b-d]", "abc", true],
  ["ab[e-g]", "abc", false],
  ["ab[^c]", "abc", false],
  ["ab[^e-g]", "abc", true],
  ["a\\*b", "a*b", true],
  ["a\\*b", "ab", false],
  ["a?b", "a☺b", true],
  ["a[^a]b", "a☺b", true],
  ["a???b", "a☺b", false],
  ["[a-ζ]*", "α", true],
  ["a?b", "a/b", false],
  ["a*b", "a/b", false],
  ["[\\]a]", "]", true],
  ["[\\-x]", "-", true],
  ["[x\\-]", "z", false],
  ["", "", true],
  ["", "a", false],
];
test.each(cases)("%j on %j", (pattern, text, result) => {
  expect(pathMatch(pattern, text)).toBe(result);
});

test.each(["[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[", "[^", "[^bc", "a[", "\\"])("%j is malformed", (pattern) => {
  expect(() => pathMatch(pattern, "a")).toThrow("syntax error in pattern");
});

test("agrees with a regular expression, and many stars take no long time", () => {
  const piece = fc.constantFrom("a", "b", "/", "*", "?");
  const letter = fc.constantFrom("a", "b", "/");
  fc.assert(
    fc.property(fc.array(piece), fc.array(letter), (pieces, letters) => {
      const expression = pieces.map((each) => (each === "*" ? "[^/]*" : each === "?" ? "[^/]" : each)).join("");
      expect(pathMatch(pieces.join(""), letters.join(""))).toBe(new RegExp(`^${expression}$`).test(letters.join("")));
    }),
  );
  const start = performance.now();
  expect(pathMatch("a*".repeat(200), `${"a".repeat(5000)}b/`)).toBe(false);
  expect(performance.now() - start).toBeLessThan(2000);
});
