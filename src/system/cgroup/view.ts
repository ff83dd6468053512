import { readdirSync } from "node:fs";
import { posix } from "node:path";
import { type CgroupLayout, readOptional, words } from "./layout.ts";

/** Bytes; `limit` undefined where there is none. `oomKills` counts processes that the kernel killed for memory. */
export interface CgroupMemory {
  usage: number;
  limit: number | undefined;
  maxUsage: number | undefined;
  oomKills: number;
  /** memory.stat, key to number. */
  stats: Record<string, number>;
}

/** Nanoseconds. */
export interface CgroupCpu {
  usage: number;
  user: number;
  system: number;
  periods: number;
  throttledPeriods: number;
  throttledTime: number;
  /** Usage of each processor; only of cgroup v1. */
  perCpu?: number[];
}

export interface CgroupPids {
  current: number;
  limit: number | undefined;
}

export interface CgroupIoEntry {
  major: number;
  minor: number;
  op: "read" | "write";
  bytes: number;
  operations: number;
}

/** What one cgroup says now. Every method answers undefined (or an empty list) once the cgroup is gone. */
export interface CgroupView {
  readonly path: string;
  exists(): boolean;
  memory(): CgroupMemory | undefined;
  /** Only the count of memory.oomKills, read from one file. */
  oomKills(): number | undefined;
  cpu(): CgroupCpu | undefined;
  pids(): CgroupPids | undefined;
  io(): CgroupIoEntry[];
  /** The processes in it and below it. */
  processes(): number[];
}

/** The view of a cgroup path ("/berth/<id>") on this layout. It holds nothing open. */
export function cgroupView(layout: CgroupLayout, path: string): CgroupView {
  return layout.version === 2 ? unifiedView(layout, path) : legacyView(layout, path);
}

const NO_LIMIT = 2 ** 62;

/** Numbers of "key value" lines. */
function parseFlat(text: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const [key, value] = line.split(" ");
    if (key !== undefined && key !== "" && value !== undefined) found[key] = Number(value);
  }
  return found;
}

const limitOf = (text: string | undefined): number | undefined => {
  const value = text?.trim();
  if (value === undefined || value === "max" || value === "" || value === "-1") return undefined;
  return Number(value) >= NO_LIMIT ? undefined : Number(value);
};

/** The pids in a cgroup and below it; a cgroup that disappears meanwhile has none. */
export function processesBelow(dir: string): number[] {
  const found = words(readOptional(posix.join(dir, "cgroup.procs")) ?? "").map(Number);
  for (const child of childrenOf(dir)) found.push(...processesBelow(child));
  return found.filter((pid) => pid > 0);
}

/** The cgroups right below one. */
export function childrenOf(dir: string): string[] {
  try {
    const entries = readdirSync(dir, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => posix.join(dir, entry.name));
  } catch {
    return [];
  }
}

function legacyView(layout: CgroupLayout, path: string): CgroupView {
  const dirOf = (controller: string) => {
    const mountPoint = layout.controllers.get(controller);
    return mountPoint === undefined ? undefined : posix.join(mountPoint, path);
  };
  const read = (controller: string, file: string) => {
    const dir = dirOf(controller);
    return dir === undefined ? undefined : readOptional(`${dir}/${file}`);
  };
  // Any hierarchy that the runtime puts every process into serves for the list.
  const anyDir = ["pids", "memory", "devices", "freezer", "cpu", "name=systemd"]
    .map(dirOf)
    .find((dir) => dir !== undefined);
  const oomKills = () => {
    const text = read("memory", "memory.oom_control");
    return text === undefined ? undefined : (parseFlat(text).oom_kill ?? 0);
  };
  return {
    path,
    exists: () => anyDir !== undefined && readOptional(`${anyDir}/cgroup.procs`) !== undefined,
    oomKills,
    memory: () => {
      const usage = read("memory", "memory.usage_in_bytes");
      if (usage === undefined) return undefined;
      return {
        usage: Number(usage),
        limit: limitOf(read("memory", "memory.limit_in_bytes")),
        maxUsage: Number(read("memory", "memory.max_usage_in_bytes") ?? Number.NaN) || undefined,
        oomKills: oomKills() ?? 0,
        stats: parseFlat(read("memory", "memory.stat") ?? ""),
      };
    },
    cpu: () => {
      const usage = read("cpuacct", "cpuacct.usage");
      if (usage === undefined) return undefined;
      const stat = parseFlat(read("cpu", "cpu.stat") ?? "");
      const perCpu = words(read("cpuacct", "cpuacct.usage_percpu") ?? "").map(Number);
      return {
        usage: Number(usage),
        user: Number(read("cpuacct", "cpuacct.usage_user") ?? 0),
        system: Number(read("cpuacct", "cpuacct.usage_sys") ?? 0),
        periods: stat.nr_periods ?? 0,
        throttledPeriods: stat.nr_throttled ?? 0,
        throttledTime: stat.throttled_time ?? 0,
        ...(perCpu.length === 0 ? {} : { perCpu }),
      };
    },
    pids: () => {
      const current = read("pids", "pids.current");
      return current === undefined ? undefined : { current: Number(current), limit: limitOf(read("pids", "pids.max")) };
    },
    io: () => legacyIo(read("blkio", "blkio.throttle.io_service_bytes"), read("blkio", "blkio.throttle.io_serviced")),
    processes: () => (anyDir === undefined ? [] : processesBelow(anyDir)),
  };
}

function legacyIo(bytesText = "", operationsText = ""): CgroupIoEntry[] {
  const entries = new Map<string, CgroupIoEntry>();
  const add = (text: string, field: "bytes" | "operations") => {
    for (const line of text.split("\n")) {
      const match = /^(\d+):(\d+) (Read|Write) (\d+)$/.exec(line);
      if (match === null) continue;
      const op = match[3] === "Read" ? "read" : "write";
      const key = `${match[1]}:${match[2]} ${op}`;
      const entry = entries.get(key) ?? {
        major: Number(match[1]),
        minor: Number(match[2]),
        op,
        bytes: 0,
        operations: 0,
      };
      entry[field] = Number(match[4]);
      entries.set(key, entry);
    }
  };
  add(bytesText, "bytes");
  add(operationsText, "operations");
  return [...entries.values()];
}

function unifiedView(layout: CgroupLayout, path: string): CgroupView {
  const dir = posix.join(layout.unified ?? "/sys/fs/cgroup", path);
  const read = (file: string) => readOptional(`${dir}/${file}`);
  const oomKills = () => {
    const text = read("memory.events");
    return text === undefined ? undefined : (parseFlat(text).oom_kill ?? 0);
  };
  return {
    path,
    exists: () => read("cgroup.procs") !== undefined,
    oomKills,
    memory: () => {
      const usage = read("memory.current");
      if (usage === undefined) return undefined;
      return {
        usage: Number(usage),
        limit: limitOf(read("memory.max")),
        maxUsage: limitOf(read("memory.peak")),
        oomKills: oomKills() ?? 0,
        stats: parseFlat(read("memory.stat") ?? ""),
      };
    },
    cpu: () => {
      const text = read("cpu.stat");
      if (text === undefined) return undefined;
      const stat = parseFlat(text);
      const nanoseconds = (key: string) => (stat[key] ?? 0) * 1000;
      return {
        usage: nanoseconds("usage_usec"),
        user: nanoseconds("user_usec"),
        system: nanoseconds("system_usec"),
        periods: stat.nr_periods ?? 0,
        throttledPeriods: stat.nr_throttled ?? 0,
        throttledTime: nanoseconds("throttled_usec"),
      };
    },
    pids: () => {
      const current = read("pids.current");
      return current === undefined ? undefined : { current: Number(current), limit: limitOf(read("pids.max")) };
    },
    io: () => unifiedIo(read("io.stat") ?? ""),
    processes: () => processesBelow(dir),
  };
}

function unifiedIo(text: string): CgroupIoEntry[] {
  return text.split("\n").flatMap((line): CgroupIoEntry[] => {
    const device = /^(\d+):(\d+) /.exec(line);
    if (device === null) return [];
    const value = (key: string) => Number(new RegExp(` ${key}=(\\d+)`).exec(line)?.[1] ?? 0);
    const place = { major: Number(device[1]), minor: Number(device[2]) };
    return [
      { ...place, op: "read", bytes: value("rbytes"), operations: value("rios") },
      { ...place, op: "write", bytes: value("wbytes"), operations: value("wios") },
    ];
  });
}
