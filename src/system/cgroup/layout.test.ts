import { expect, test } from "vitest";
import { parseMountInfo } from "../mount.ts";
import { cgroupDirs, cgroupLayout, containerCgroupPath, parseOwnCgroups } from "./layout.ts";
import { planLeftoverControllers } from "./leftover.ts";

const line = (id: number, place: string, type: string, options: string) =>
  `${id} 1 0:${id} / ${place} rw,relatime - ${type} ${type} ${options}`;

const unified = line(9, "/sys/fs/cgroup/unified", "cgroup2", "rw,nsdelegate");
const v1 = [
  line(2, "/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"),
  line(3, "/sys/fs/cgroup/memory", "cgroup", "rw,memory"),
  line(4, "/sys/fs/cgroup/systemd", "cgroup", "rw,xattr,release_agent=/lib/agent,name=systemd"),
];
const layoutOf = (lines: string[], controllers = "") =>
  cgroupLayout(parseMountInfo(lines.join("\n")), () => controllers);

test("v1: each controller with its mount point, also where two share one", () => {
  const layout = layoutOf(v1);
  expect(layout).toMatchObject({ mode: "v1", version: 1, unified: undefined });
  expect([...layout.controllers]).toEqual([
    ["cpu", "/sys/fs/cgroup/cpu,cpuacct"],
    ["cpuacct", "/sys/fs/cgroup/cpu,cpuacct"],
    ["memory", "/sys/fs/cgroup/memory"],
    ["name=systemd", "/sys/fs/cgroup/systemd"],
  ]);
  expect(cgroupDirs(layout, "/berth/x").sort()).toEqual([
    "/sys/fs/cgroup/cpu,cpuacct/berth/x",
    "/sys/fs/cgroup/memory/berth/x",
    "/sys/fs/cgroup/systemd/berth/x",
  ]);
});

test("hybrid with a leftover, hybrid of systemd, v2, none", () => {
  expect(layoutOf([...v1, unified], "hugetlb\n")).toMatchObject({
    mode: "hybrid",
    version: 1,
    unifiedControllers: ["hugetlb"],
  });
  const two = layoutOf([line(1, "/sys/fs/cgroup", "cgroup2", "rw")], "cpu io memory pids\n");
  expect(two).toMatchObject({ mode: "v2", version: 2, unifiedControllers: ["cpu", "io", "memory", "pids"] });
  expect(cgroupDirs(two, "berth/x")).toEqual(["/sys/fs/cgroup/berth/x"]);
  // systemd's own hierarchy beside cgroup2 holds no limit.
  expect(layoutOf([v1[2] ?? "", unified], "memory")).toMatchObject({ mode: "v2", version: 2 });
  expect(layoutOf([])).toMatchObject({ mode: "none", version: 1 });
});

test("leftovers are mounted beside the others unless cgroup2 hands them down", () => {
  const hybrid = layoutOf([...v1, unified], "hugetlb misc");
  expect(planLeftoverControllers(hybrid, [])).toEqual([
    { controller: "hugetlb", target: "/sys/fs/cgroup/hugetlb" },
    { controller: "misc", target: "/sys/fs/cgroup/misc" },
  ]);
  expect(planLeftoverControllers(hybrid, ["misc"]).map((plan) => plan.controller)).toEqual(["hugetlb"]);
  expect(planLeftoverControllers(layoutOf(v1), [])).toEqual([]);
  expect(planLeftoverControllers(layoutOf([line(1, "/sys/fs/cgroup", "cgroup2", "rw")], "hugetlb"), [])).toEqual([]);
  expect(planLeftoverControllers(layoutOf([...v1, unified], "memory"), [])).toEqual([]);
});

test("a container's path stays below the mount point", () => {
  expect(containerCgroupPath("id")).toBe("/berth/id");
  expect(containerCgroupPath("id", "/a/b")).toBe("/a/b/id");
  expect(containerCgroupPath("id", "a/../b")).toBe("/b/id");
  expect(containerCgroupPath("id", "../../../etc")).toBe("/etc/id");
  expect(containerCgroupPath("id", "/..")).toBe("/id");
});

test("the root is nobody's to end", () => {
  for (const path of ["/", "", "/berth/..", "."]) expect(() => cgroupDirs(layoutOf(v1), path)).toThrow("root cgroup");
});

test("the own cgroup of a process, colons in the path included", () => {
  const own = parseOwnCgroups("4:memory:/a:b\n2:cpu,cpuacct:/c\n1:name=systemd:/\n0::/u\n");
  expect([...own]).toEqual([
    ["memory", "/a:b"],
    ["cpu", "/c"],
    ["cpuacct", "/c"],
    ["name=systemd", "/"],
    ["", "/u"],
  ]);
});
