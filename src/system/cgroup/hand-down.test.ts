import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { handDownFrom } from "./hand-down.ts";

let top: string;
beforeEach(() => {
  top = mkdtempSync("/var/tmp/berth-hand-down-");
  writeFileSync(join(top, "cgroup.subtree_control"), "cpu\n");
  writeFileSync(join(top, "cgroup.procs"), "0\n");
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const written = () => readFileSync(join(top, "cgroup.subtree_control"), "utf8");

test("the machine's root hands down what is missing, and its processes stay", () => {
  writeFileSync(join(top, "cgroup.procs"), "1\n2\n");
  expect(handDownFrom(top, ["cpu", "memory", "misc"], "berth")).toEqual({ moved: 0, failed: [] });
  expect(written()).toBe("+memory");
  expect(existsSync(join(top, "init"))).toBe(false);
  expect(existsSync(join(top, "berth"))).toBe(true);
});

test("nothing is written where nothing is missing", () => {
  writeFileSync(join(top, "cgroup.type"), "domain\n");
  writeFileSync(join(top, "cgroup.procs"), "1\n");
  expect(handDownFrom(top, ["cpu"], "/berth")).toEqual({ moved: 0, failed: [] });
  expect(written()).toBe("cpu\n");
  expect(existsSync(join(top, "init"))).toBe(false);
});

test("processes make way below the root; those nobody here can name stay", () => {
  writeFileSync(join(top, "cgroup.type"), "domain\n");
  writeFileSync(join(top, "cgroup.procs"), "0\n7\n");
  mkdirSync(join(top, "init"));
  writeFileSync(join(top, "init/cgroup.procs"), "");
  // A plain file keeps the list as it is, so that every round moves the same one again.
  expect(handDownFrom(top, ["memory"], "/berth").moved).toBeGreaterThan(0);
  expect(readFileSync(join(top, "init/cgroup.procs"), "utf8")).toBe("7");
  expect(written()).toBe("+memory");
});

test("what cannot be had is told, controller by controller, and the parent stays below the top", () => {
  rmSync(join(top, "cgroup.subtree_control"));
  const { failed } = handDownFrom(top, ["io", "memory"], "../../x");
  expect(failed.map((each) => each.controller)).toEqual(["io", "memory"]);
  expect(failed[0]?.reason).toContain("ENOENT");
  expect(existsSync(join(top, "x"))).toBe(true);
});
