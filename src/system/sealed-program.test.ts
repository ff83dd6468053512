import { execFileSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdtempSync, openSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sealProgram } from "./sealed-program.ts";

test("the copy runs, cannot be changed, and knows when the program has", () => {
  const folder = mkdtempSync(join(tmpdir(), "seal-"));
  const program = join(folder, "echo");
  copyFileSync(realpathSync("/bin/echo"), program);
  const sealed = sealProgram(program);
  try {
    expect(execFileSync(sealed.path, ["a", "b"]).toString()).toBe("a b\n");
    expect(() => writeFileSync(sealed.path, "x")).toThrow("EPERM");
    const fd = openSync(sealed.path, "r");
    expect(() => appendFileSync(fd, "x")).toThrow();
    expect(sealed.current()).toBe(true);
    appendFileSync(program, "more");
    expect(sealed.current()).toBe(false);
    rmSync(program);
    expect(sealed.current()).toBe(false);
    expect(execFileSync(sealed.path, ["c"]).toString()).toBe("c\n");
  } finally {
    sealed.close();
    rmSync(folder, { recursive: true });
  }
  expect(() => execFileSync(sealed.path)).toThrow();
});

test("a program that is not there", () => {
  expect(() => sealProgram("/nonexistent")).toThrow("ENOENT");
});
