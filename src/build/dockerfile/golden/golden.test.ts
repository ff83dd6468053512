import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { outline } from "./outline.ts";

/** Cases in a file: `=== name`, the Dockerfile, `---`, what comes of it. */
const cases = readFileSync(new URL("./cases.txt", import.meta.url), "utf8")
  .split(/^=== /m)
  .slice(1)
  .map((block) => {
    const [name = "", ...rest] = block.split("\n");
    const cut = rest.lastIndexOf("---");
    return {
      name,
      text: rest.slice(0, cut).join("\n"),
      expected: rest
        .slice(cut + 1)
        .join("\n")
        .trimEnd(),
    };
  });

describe("golden Dockerfiles", () => {
  it("are many", () => expect(cases.length).toBeGreaterThanOrEqual(180));

  it.each(cases)("$name", ({ text, expected }) => {
    expect(outline(text)).toBe(expected);
    if (!text.includes("<<")) expect(outline(text.replaceAll("\n", "\r\n"))).toBe(expected);
    expect(outline(`\ufeff${text}`)).toBe(expected);
  });
});
