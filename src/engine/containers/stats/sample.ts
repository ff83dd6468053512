import { readlinkSync } from "node:fs";
import {
  type CgroupCpu,
  type CgroupIoEntry,
  type CgroupLayout,
  type CgroupMemory,
  type CgroupPids,
  type CpuTime,
  cgroupView,
  type InterfaceCounters,
  networkCounters,
  readCpuTime,
} from "../../../system/index.ts";
import type { Run } from "../container.ts";

/** Everything that was read of a container's resources at one moment. */
export interface Sample {
  /** Milliseconds since 1970. */
  at: number;
  /** Milliseconds on a clock that only goes forward. */
  steady: number;
  system: CpuTime;
  cpu: CgroupCpu | undefined;
  memory: CgroupMemory | undefined;
  pids: CgroupPids | undefined;
  io: CgroupIoEntry[];
  links: InterfaceCounters[];
}

/** Reads a run's figures; undefined where its cgroup is gone. */
export function takeSample(cgroups: CgroupLayout, run: Run): Sample | undefined {
  const view = cgroupView(cgroups, run.handle.cgroupPath);
  const system = readCpuTime();
  const steady = performance.now();
  const cpu = view.cpu();
  if (cpu === undefined && !view.exists()) return undefined;
  return {
    at: Date.now(),
    steady,
    system,
    cpu,
    memory: view.memory(),
    pids: view.pids(),
    io: view.io(),
    links: linksOf(run.handle.pid),
  };
}

/** A container in the host's network has no interfaces of its own. */
function linksOf(pid: number): InterfaceCounters[] {
  try {
    if (readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync("/proc/self/ns/net")) return [];
    return networkCounters(pid);
  } catch {
    return [];
  }
}
