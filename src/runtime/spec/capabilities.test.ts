import { expect, test } from "vitest";
import { CAPABILITIES } from "../../system/index.ts";
import { capabilitiesFor, DEFAULT_CAPABILITIES, normalizeCapabilities } from "./capabilities.ts";

const wishes = (add: string[], drop: string[] = [], privileged = false) => ({ add, drop, privileged });

test("names in any form", () => {
  expect(normalizeCapabilities("CapAdd", ["chown", "CAP_KILL", "cap_sys_admin", "all"], CAPABILITIES)).toEqual([
    "CAP_CHOWN",
    "CAP_KILL",
    "CAP_SYS_ADMIN",
    "ALL",
  ]);
});

test("nothing asked for is the default; the default has nothing that opens the host", () => {
  expect(capabilitiesFor(wishes([]), CAPABILITIES)).toEqual(DEFAULT_CAPABILITIES);
  for (const name of ["SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN", "DAC_READ_SEARCH", "BPF"]) {
    expect(DEFAULT_CAPABILITIES).not.toContain(`CAP_${name}`);
  }
});

test("ALL is what the machine can give, less what is dropped by name", () => {
  const available = ["CAP_CHOWN", "CAP_KILL", "CAP_SYS_ADMIN"];
  expect(capabilitiesFor(wishes(["ALL"]), available)).toEqual(available);
  expect(capabilitiesFor(wishes(["ALL"], ["KILL"]), available)).toEqual(["CAP_CHOWN", "CAP_SYS_ADMIN"]);
  expect(capabilitiesFor(wishes([], [], true), available)).toEqual(available);
  expect(capabilitiesFor(wishes([], ["KILL"], true), available)).toEqual(available);
});

test("dropping ALL leaves what is added, once", () => {
  expect(capabilitiesFor(wishes(["KILL", "cap_kill", "CHOWN"], ["all"]), CAPABILITIES)).toEqual([
    "CAP_KILL",
    "CAP_CHOWN",
  ]);
  expect(capabilitiesFor(wishes([], ["all"]), CAPABILITIES)).toEqual([]);
});

test("one that is dropped and added is there", () => {
  expect(capabilitiesFor(wishes(["CHOWN"], ["CHOWN"]), CAPABILITIES)).toContain("CAP_CHOWN");
});
