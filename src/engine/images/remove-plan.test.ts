import { expect, test } from "vitest";
import { parseReference } from "../../spec/index.ts";
import { isSingleReference, orphanedDigests } from "./remove-plan.ts";

const digest = `sha256:${"a".repeat(64)}`;
const names = (...texts: string[]) => texts.map(parseReference);

test.each([
  [[], false],
  [["a:1"], true],
  [[`a@${digest}`], true],
  [["a:1", "a:2"], false],
  [["a:1", `a@${digest}`], true],
  [["a:1", `b@${digest}`], false],
  [["a:1", `a@${digest}`, `b@${digest}`], false],
  [[`a@${digest}`, `a@sha256:${"b".repeat(64)}`], true],
])("%j single: %j", (texts, single) => {
  expect(isSingleReference(names(...texts))).toBe(single);
});

test("digests go with the last tag of their repository only", () => {
  const [tag, other, canonical, foreign] = names("a:1", "a:2", `a@${digest}`, `b@${digest}`);
  if (!tag || !other || !canonical || !foreign) throw new Error("names");
  expect(orphanedDigests(tag, [canonical, foreign])).toEqual([canonical]);
  expect(orphanedDigests(tag, [other, canonical])).toEqual([]);
  expect(orphanedDigests(canonical, [tag])).toEqual([]);
});
