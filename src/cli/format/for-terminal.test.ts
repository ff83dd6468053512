import { closeSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { compileTemplate } from "../../lib/template/index.ts";
import { forTerminal } from "./for-terminal.ts";
import { indentJson } from "./go-json.ts";
import { visibleJson } from "./inspect-output.ts";

const nasty = "a\u001b]0;x\u0007\u009b31m\u202eb";

test("a terminal gets no sequence, a pipe or file gets the text as it is", () => {
  const [terminal, file] = [openSync("/dev/ptmx", "r+"), openSync("/dev/null", "w")];
  try {
    expect(forTerminal(terminal, { lines: false })(nasty)).toBe("a\\x1b]0;x\\x07\\x9b31m\\u202eb");
    expect(forTerminal(file, { lines: false })(nasty)).toBe(nasty);
  } finally {
    closeSync(terminal);
    closeSync(file);
  }
});

test("of a template only what its actions print is changed", () => {
  const template = compileTemplate("\u001b[1m{{.X}}\u001b[0m{{println}}", {
    visible: (text) => text.replaceAll("\u001b", "^"),
  });
  expect(template.render({ X: "a\u001bb" })).toBe("\u001b[1ma^b\u001b[0m\n");
});

test("JSON stays what it was to a parser", () => {
  const value = { [nasty]: [nasty, "ü"] };
  const text = visibleJson(indentJson(JSON.stringify(value), "  "));
  expect(JSON.parse(text)).toEqual(value);
  expect(text).not.toMatch(/[\u007f-\u009f\u202e]/);
  expect(text).toContain("ü");
});
