import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readLimits } from "../machine.ts";
import type { CgroupLayout } from "./layout.ts";
import { cgroupView } from "./view.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync("/var/tmp/berth-cgroup-");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Files of a made-up hierarchy: path below the root to content. */
function tree(files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

const two = (): CgroupLayout => ({
  mode: "v2",
  version: 2,
  controllers: new Map(),
  unified: root,
  unifiedControllers: ["cpu", "cpuset", "io", "memory", "pids"],
});

const one = (): CgroupLayout => ({
  mode: "v1",
  version: 1,
  controllers: new Map(["cpu", "cpuacct", "memory", "pids", "blkio"].map((name) => [name, join(root, name)])),
  unified: undefined,
  unifiedControllers: [],
});

test("v2: every file in its unit", () => {
  tree({
    "berth/x/cgroup.procs": "12\n13\n",
    "berth/x/sub/cgroup.procs": "14\n",
    "berth/x/memory.current": "1048576\n",
    "berth/x/memory.max": "67108864\n",
    "berth/x/memory.peak": "2097152\n",
    "berth/x/memory.events": "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\n",
    "berth/x/memory.stat": "anon 4096\nfile 8192\n",
    "berth/x/cpu.stat":
      "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 7\nnr_throttled 2\nthrottled_usec 30\n",
    "berth/x/pids.current": "3\n",
    "berth/x/pids.max": "max\n",
    "berth/x/io.stat": "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n8:0\n",
  });
  const view = cgroupView(two(), "/berth/x");
  expect(view.exists()).toBe(true);
  expect(view.processes()).toEqual([12, 13, 14]);
  expect(view.oomKills()).toBe(2);
  expect(view.memory()).toEqual({
    usage: 1048576,
    limit: 67108864,
    maxUsage: 2097152,
    oomKills: 2,
    stats: { anon: 4096, file: 8192 },
  });
  expect(view.cpu()).toEqual({
    usage: 1_500_000,
    user: 1_000_000,
    system: 500_000,
    periods: 7,
    throttledPeriods: 2,
    throttledTime: 30_000,
  });
  expect(view.pids()).toEqual({ current: 3, limit: undefined });
  expect(view.io().slice(0, 2)).toEqual([
    { major: 254, minor: 0, op: "read", bytes: 4096, operations: 1 },
    { major: 254, minor: 0, op: "write", bytes: 8192, operations: 2 },
  ]);
});

test("v1: each controller in its own place", () => {
  tree({
    "memory/berth/x/memory.usage_in_bytes": "4096\n",
    "memory/berth/x/memory.limit_in_bytes": "9223372036854771712\n",
    "memory/berth/x/memory.max_usage_in_bytes": "8192\n",
    "memory/berth/x/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n",
    "memory/berth/x/memory.stat": "cache 1\nrss 2\n",
    "cpuacct/berth/x/cpuacct.usage": "123456789\n",
    "cpuacct/berth/x/cpuacct.usage_user": "100\n",
    "cpuacct/berth/x/cpuacct.usage_sys": "23\n",
    "cpu/berth/x/cpu.stat": "nr_periods 4\nnr_throttled 1\nthrottled_time 99\n",
    "pids/berth/x/cgroup.procs": "7\n",
    "pids/berth/x/pids.current": "1\n",
    "pids/berth/x/pids.max": "100\n",
    "blkio/berth/x/blkio.throttle.io_service_bytes": "254:0 Read 4096\n254:0 Write 1\n254:0 Total 4097\nTotal 4097\n",
    "blkio/berth/x/blkio.throttle.io_serviced": "254:0 Read 2\n254:0 Write 1\n",
  });
  const view = cgroupView(one(), "/berth/x");
  expect(view.memory()).toMatchObject({
    usage: 4096,
    limit: undefined,
    maxUsage: 8192,
    oomKills: 5,
    stats: { rss: 2 },
  });
  expect(view.cpu()).toEqual({
    usage: 123456789,
    user: 100,
    system: 23,
    periods: 4,
    throttledPeriods: 1,
    throttledTime: 99,
  });
  expect(view.pids()).toEqual({ current: 1, limit: 100 });
  expect(view.processes()).toEqual([7]);
  expect(view.io()).toEqual([
    { major: 254, minor: 0, op: "read", bytes: 4096, operations: 2 },
    { major: 254, minor: 0, op: "write", bytes: 1, operations: 1 },
  ]);
});

test.each([["v1"], ["v2"]])("%s: what is gone answers nothing", (kind) => {
  const view = cgroupView(kind === "v1" ? one() : two(), "/berth/gone");
  expect(view.exists()).toBe(false);
  expect([view.memory(), view.oomKills(), view.cpu(), view.pids()]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect([view.io(), view.processes()]).toEqual([[], []]);
});

test("limits that a layout can keep", () => {
  tree({
    "cpuset.cpus.effective": "0-3\n",
    "cpuset.mems.effective": "0\n",
    "system.slice/memory.swap.max": "max\n",
    "system.slice/io.weight": "default 100\n",
    "cpu/cpu.shares": "1024\n",
    "cpu/cpu.cfs_period_us": "100000\n",
    "memory/memory.soft_limit_in_bytes": "1\n",
    "blkio/blkio.throttle.read_bps_device": "",
  });
  expect(readLimits(two())).toMatchObject({
    memory: true,
    swap: true,
    oomKillDisable: false,
    cpuCfs: true,
    cpusetCpus: "0-3",
    blkioWeight: true,
    blkioWeightDevice: false,
    pids: true,
  });
  expect(readLimits({ ...two(), unifiedControllers: ["pids"] })).toMatchObject({
    memory: false,
    swap: false,
    pids: true,
  });
  tree({ "cgroup.subtree_control": "cpu memory\n" });
  expect(readLimits(two())).toMatchObject({ cpuCfs: true, memory: true, pids: false, blkioThrottle: false });
  expect(readLimits(one())).toMatchObject({
    memory: true,
    swap: false,
    memoryReservation: true,
    cpuShares: true,
    cpuCfs: true,
    cpuset: false,
    blkioWeight: false,
    blkioThrottle: true,
  });
});
