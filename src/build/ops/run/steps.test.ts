import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { able } from "../../../runtime/testing/containers.ts";
import { runInMountNamespace } from "../../../store/testing/in-namespace.ts";
import { detectCgroups, killCgroup, listCgroups, removeCgroup } from "../../../system/index.ts";

test.runIf(able).each([
  ["steps on a real kernel", "steps"],
  ["a daemon that is killed leaves steps, which the next one ends", "recovery"],
  ["steps on the default bridge", "network"],
])("%s, in a mount namespace of their own", async (_, name) => {
  const base = mkdtempSync("/dev/shm/berth-steps-");
  try {
    const said = runInMountNamespace(new URL(`./testing/${name}.child.ts`, import.meta.url), [base]);
    expect(said.trim()).toBe("all true");
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(base);
  } finally {
    await endCgroups(base.slice(base.lastIndexOf("/")));
    rmSync(base, { recursive: true });
  }
});

/** What a child that has failed has left running. */
async function endCgroups(parent: string): Promise<void> {
  const layout = detectCgroups();
  for (const name of listCgroups(layout, parent)) await killCgroup(layout, `${parent}/${name}`);
  await removeCgroup(layout, parent);
}
