// biome-ignore-all lint/suspicious/noTemplateCurlyInString: substitutions of a Dockerfile
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildWithBuildKit } from "./buildkit.ts";
import { outline } from "./outline.ts";

/** Address of a dockerd, `unix:///path`; without one there is nothing to compare with. */
const socket = process.env.BERTH_TEST_DOCKERD?.replace(/^unix:\/\//, "");

/** Words of an older BuildKit, and what it fetches before it looks on. */
const OTHER_WORDS =
  /unknown flag|flag of nobody|flag twice|flag without|with flag|secret with from|stray quote|network|security|device|slashes|unended|error in a from|mount of unknown type|syntax|all directives|image with|base from|several arguments/;

const cases = readFileSync(new URL("./cases.txt", import.meta.url), "utf8")
  .split(/^=== /m)
  .slice(1)
  .map((block) => {
    const [name = "", ...rest] = block.split("\n");
    return { name, text: rest.slice(0, rest.lastIndexOf("---")).join("\n") };
  })
  .filter(
    ({ name, text }) =>
      !OTHER_WORDS.test(name) && (outline(text).startsWith("error") || !/^\s*(?:RUN|COPY|ADD)/im.test(text)),
  );

/** A label's value as BuildKit and this parser could see it: quotes, escapes and substitutions that end. */
const word = fc
  .array(
    fc.constantFrom(
      ...["a", "b/", ".", "$A", "$B", "$U", "${A}", "${U:-x}", "${A:+y}", "${U-$A}", "${B#b}", "${B##*a}", "${B%a*}"],
      ...[
        "${B%%a?}",
        "${B/a/X}",
        "${B//a/X}",
        "${U:-${A:-z}}",
        '"q q"',
        "'s $A'",
        '"$A"',
        "\\$A",
        "\\\\",
        '\\"',
        "é",
        "$$",
        "<<",
      ],
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(""));

describe.skipIf(socket === undefined)("BuildKit", () => {
  it.each(cases)("says the same of: $name", async ({ text }) => {
    const mine = outline(text);
    const { error } = await buildWithBuildKit(socket ?? "", text);
    if (error === undefined) expect(mine).not.toMatch(/^error/);
    else expect(error).toContain(mine.replace(/^error \S+ /, "").replace(/(flag:? )--/, "$1"));
  });

  it("expands words the same way", async () => {
    const words = fc.sample(word, { numRuns: 200, seed: 7 });
    const text = `FROM scratch\nENV A=one B=banana\n${words.map((value, index) => `LABEL l${index}=${value}`).join("\n")}`;
    const { config, error } = await buildWithBuildKit(socket ?? "", text);
    expect(error).toBeUndefined();
    const labels = new Map(
      [...outline(text).matchAll(/^label (.*)$/gm)].map(([, json = ""]) => {
        const { pairs } = JSON.parse(json) as { pairs: { key: string; value: string }[] };
        return [pairs[0]?.key, pairs[0]?.value];
      }),
    );
    expect(Object.fromEntries(labels)).toEqual(config.Labels);
  });
});
