import fc from "fast-check";
import { expect, test } from "vitest";
import { matchName } from "./match-name.ts";

test.each([
  ["*.txt", "a.txt", true],
  ["*.txt", "a.txt.bak", false],
  ["*", "", true],
  ["?", "é", true],
  ["?", "", false],
  ["[a-c]x", "bx", true],
  ["[^a-c]x", "bx", false],
  ["[\\]]", "]", true],
  ["[]", "]", false],
  ["[a", "a", false],
  ["a\\*b", "a*b", true],
  ["a\\*b", "axb", false],
  ["\\", "\\", false],
  ["a*b*c", "a1b2c", true],
  ["a*b*c", "a1b2", false],
])("%s on %s", (pattern, name, matches) => {
  expect(matchName(pattern, name)).toBe(matches);
});

test("a name matches itself with its wildcards escaped, and stars between its characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 30 }), (name) => {
      const escaped = [...name].map((character) => `\\${character}`);
      expect(matchName(escaped.join(""), name)).toBe(true);
      expect(matchName(`*${escaped.join("*")}*`, name)).toBe(true);
      expect(matchName(`${escaped.join("")}?`, name)).toBe(false);
    }),
  );
});

test("many stars take no time", () => {
  expect(matchName(`${"*a".repeat(50)}b`, "a".repeat(200))).toBe(false);
});
