import { expect, test } from "vitest";
import { excerpt } from "./excerpt.ts";

/** Blocks that BuildKit 0.13 printed. */
test.each([
  [
    { filename: "Tty", text: "FROM a AS base\nRUN x\nFROM a\nCOPY b c\nRUN bad\n", start: 5, end: 5 },
    "Tty:5\n--------------------\n   3 |     FROM a\n   4 |     COPY b c\n   5 | >>> RUN bad\n   6 |     \n--------------------\n",
  ],
  [
    {
      filename: "Bad",
      text: "FROM a\nRUN one\nRUN echo out; \\\n  echo out2 >&2; \\\n  exit 3\nCMD x\n",
      start: 3,
      end: 5,
    },
    "Bad:3\n--------------------\n   2 |     RUN one\n   3 | >>> RUN echo out; \\\n   4 | >>>   echo out2 >&2; \\\n   5 | >>>   exit 3\n   6 |     CMD x\n--------------------\n",
  ],
  [
    { filename: "Bad4", text: "FROM nosuchimage:1\nCOPY nope /x\n", start: 1, end: 1 },
    "Bad4:1\n--------------------\n   1 | >>> FROM nosuchimage:1\n   2 |     COPY nope /x\n   3 |     \n--------------------\n",
  ],
])("lines around a place: %j", (place, expected) => {
  expect(excerpt(place)).toBe(expected);
});

test("a place outside of the file shows nothing", () => {
  expect(excerpt({ filename: "Dockerfile", text: "FROM a\n", start: 7, end: 9 })).toBe("");
});

test("the word that is meant has a caret under it", () => {
  const text = "FROM a\nCOPY \\\n\t--form=x a b\n";
  expect(excerpt({ filename: "Dockerfile", text, start: 2, end: 3, at: { line: 3, column: 2 } })).toContain(
    "   3 | >>> \t--form=x a b\n     |     \t^\n",
  );
  expect(excerpt({ filename: "Dockerfile", text, start: 2, end: 3, at: { line: 3, column: 2 } })).toMatch(
    /^Dockerfile:3:2\n/,
  );
});
