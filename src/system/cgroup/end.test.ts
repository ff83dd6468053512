import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { killCgroup, listCgroups, removeCgroup } from "./end.ts";
import { isFrozen, setFrozen } from "./freeze.ts";
import { type CgroupLayout, cgroupDirs, detectCgroups } from "./layout.ts";
import { cgroupView } from "./view.ts";

test("v2: the kernel is asked to kill, and a group that is gone is no error", async () => {
  const root = mkdtempSync("/var/tmp/berth-end-");
  const layout: CgroupLayout = {
    mode: "v2",
    version: 2,
    controllers: new Map(),
    unified: root,
    unifiedControllers: [],
  };
  try {
    mkdirSync(join(root, "berth/x"), { recursive: true });
    writeFileSync(join(root, "berth/x/cgroup.kill"), "");
    writeFileSync(join(root, "berth/x/cgroup.procs"), "4194305\n");
    await expect(killCgroup(layout, "/berth/x", 30)).rejects.toMatchObject({ kind: "timeout" });
    expect(readFileSync(join(root, "berth/x/cgroup.kill"), "utf8")).toBe("1");
    await killCgroup(layout, "/berth/none");
    await removeCgroup(layout, "/berth/none");
    await expect(killCgroup(layout, "/")).rejects.toThrow("root cgroup");
    await expect(removeCgroup(layout, "/berth/..")).rejects.toThrow("root cgroup");
    expect(listCgroups(layout, "/berth")).toEqual([]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

const layout = detectCgroups();
const writable = process.getuid?.() === 0 && layout.mode !== "none";

describe.skipIf(!writable)("on this host", () => {
  const path = `/berth-test-${process.pid}/one`;
  let children: ChildProcess[] = [];

  beforeEach(() => {
    for (const dir of cgroupDirs(layout, path)) mkdirSync(join(dir, "sub"), { recursive: true });
  });
  afterEach(async () => {
    for (const child of children) child.kill("SIGKILL");
    children = [];
    await removeCgroup(layout, path.replace("/one", ""));
  });

  function sleeper(place: string): ChildProcess {
    const child = spawn("/bin/sleep", ["60"], { stdio: "ignore" });
    children.push(child);
    for (const dir of cgroupDirs(layout, path)) {
      // A cpuset takes nobody before it has processors and memory; the others serve.
      if (!dir.includes("cpuset")) writeFileSync(join(dir, place, "cgroup.procs"), String(child.pid));
    }
    return child;
  }

  function freeze(): void {
    const freezer = layout.controllers.get("freezer");
    if (layout.version === 2) writeFileSync(join(layout.unified ?? "", path, "cgroup.freeze"), "1");
    else if (freezer !== undefined) writeFileSync(join(freezer, path, "freezer.state"), "FROZEN");
  }

  test("a group stands still and goes on again", async () => {
    const child = sleeper(".");
    expect(isFrozen(layout, path)).toBe(false);
    await setFrozen(layout, path, true);
    expect(isFrozen(layout, path)).toBe(true);
    child.kill("SIGUSR1");
    expect(child.signalCode).toBeNull();
    const ended = once(child, "exit");
    await setFrozen(layout, path, false);
    expect(await ended).toEqual([null, "SIGUSR1"]);
    await expect(setFrozen(layout, `${path}-missing`, true)).rejects.toMatchObject({ kind: "not-found" });
    expect(isFrozen(layout, `${path}-missing`)).toBeUndefined();
  });

  test("all processes end, those of groups below and frozen ones too, and nothing is left", async () => {
    const all = [sleeper("."), sleeper("."), sleeper("sub")];
    const view = cgroupView(layout, path);
    expect(view.processes().sort()).toEqual(all.map((child) => child.pid).sort());
    freeze();
    const ends = all.map((child) => once(child, "exit"));
    await killCgroup(layout, path);
    expect(await Promise.all(ends)).toEqual(all.map(() => [null, "SIGKILL"]));
    expect(view.processes()).toEqual([]);
    await removeCgroup(layout, path);
    expect(view.exists()).toBe(false);
    expect(cgroupDirs(layout, path).filter((dir) => existsSync(dir))).toEqual([]);
  });

  test("a group with a process in it is not removed", async () => {
    const child = sleeper(".");
    await expect(removeCgroup(layout, path, 20)).rejects.toMatchObject({ kind: "conflict" });
    expect(cgroupView(layout, path).processes()).toEqual([child.pid]);
    await killCgroup(layout, path);
  });

  test("groups are listed by name", () => {
    expect(listCgroups(layout, path.replace("/one", ""))).toEqual(["one"]);
    expect(listCgroups(layout, "/berth-test-none")).toEqual([]);
  });
});
