import { expect, test } from "vitest";
import { APPARMOR_PROFILE, apparmorProfile, ensureApparmorProfile, isLoaded } from "./apparmor.ts";
import { readOptional } from "./cgroup/index.ts";

test("a profile is loaded when the kernel's list has exactly its name", () => {
  const list = "/usr/bin/man (enforce)\nberth-default-old (enforce)\nberth-default (enforce)\n";
  expect(isLoaded(list, APPARMOR_PROFILE)).toBe(true);
  expect(isLoaded("berth-default-old (enforce)\n", APPARMOR_PROFILE)).toBe(false);
  expect(isLoaded("", APPARMOR_PROFILE)).toBe(false);
});

test("the profile denies the kernel's knobs and mounts, and lets the runtimes send signals", () => {
  const text = apparmorProfile("x");
  expect(text).toMatch(/^profile x flags=/m);
  for (const rule of ["deny mount,", "deny @{PROC}/sysrq-trigger rwklx,", "deny /sys/kernel/security/** rwklx,"]) {
    expect(text).toContain(rule);
  }
  expect(text).toContain("signal (receive) peer=crun,");
  expect(text).not.toContain("berth-default");
});

const on = readOptional("/sys/module/apparmor/parameters/enabled")?.trim() === "Y";

test.skipIf(on)("where AppArmor is off there is no profile", async () => {
  expect(await ensureApparmorProfile()).toBeUndefined();
});
