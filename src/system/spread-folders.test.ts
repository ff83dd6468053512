import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { spreadFolders } from "./spread-folders.ts";

test("sets the flag that lsattr shows, once and again; elsewhere it says no", () => {
  const path = mkdtempSync("/var/tmp/berth-spread-");
  try {
    const isExt4 = execFileSync("stat", ["-f", "-c", "%T", path], { encoding: "utf8" }).startsWith("ext");
    expect(spreadFolders(path)).toBe(isExt4);
    expect(spreadFolders(path)).toBe(isExt4);
    if (isExt4) expect(execFileSync("lsattr", ["-d", path], { encoding: "utf8" }).split(" ")[0]).toContain("T");
    expect(spreadFolders("/proc")).toBe(false);
  } finally {
    rmSync(path, { recursive: true });
  }
});
