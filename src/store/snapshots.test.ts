import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { runInMountNamespace } from "./testing/in-namespace.ts";

test.runIf(process.getuid?.() === 0)("snapshots on a real kernel, in a mount namespace of their own", () => {
  const base = mkdtempSync("/var/tmp/berth-snapshots-");
  try {
    const said = runInMountNamespace(new URL("./testing/snapshots.child.ts", import.meta.url), [base]);
    expect(said.trim()).toBe("all true");
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(base);
  } finally {
    rmSync(base, { recursive: true });
  }
});
