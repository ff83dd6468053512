import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mendLog } from "./mend-log.ts";

test("a cut last line is ended; whole, empty and missing logs stay as they are", () => {
  const folder = mkdtempSync("/dev/shm/berth-mend-");
  const path = join(folder, "log");
  expect(() => mendLog(path)).not.toThrow();
  for (const [before, after] of [
    ["", ""],
    ["whole\n", "whole\n"],
    ["whole\ncu", "whole\ncu\n"],
  ] as const) {
    writeFileSync(path, before);
    mendLog(path);
    mendLog(path);
    expect(readFileSync(path, "utf8")).toBe(after);
  }
  rmSync(folder, { recursive: true });
});
