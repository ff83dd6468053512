import { doing, invalid } from "../../../lib/index.ts";
import type { HostConfig } from "../../../spec/api/index.ts";
import type { Machine } from "../../../system/index.ts";
import { parseNumberList } from "./number-list.ts";

/** Less does not start a process (Docker's limit, not the kernel's). */
const MIN_MEMORY = 6 * 1024 * 1024;

/** One check: it may throw, and it may discard what this machine cannot keep and say so. */
type Check = (config: HostConfig, machine: Machine, warn: (text: string) => void) => void;

const notSupported = (what: string, consequence: string) =>
  `Your kernel does not support ${what} or the cgroup is not mounted. ${consequence}`;

const memory: Check = (config, { limits }, warn) => {
  const { Memory: limit = 0 } = config;
  if (limit !== 0 && limit < MIN_MEMORY) throw invalid("Minimum memory limit allowed is 6MB");
  if (limit > 0 && !limits.memory) {
    warn(notSupported("memory limit capabilities", "Limitation discarded."));
    config.Memory = 0;
    config.MemorySwap = -1;
  }
};

const swap: Check = (config, { limits }, warn) => {
  const { Memory: limit = 0 } = config;
  if (limit > 0 && config.MemorySwap !== -1 && !limits.swap) {
    warn(notSupported("swap limit capabilities", "Memory limited without swap."));
    config.MemorySwap = -1;
  }
  const { MemorySwap: both = 0 } = config;
  if (limit > 0 && both > 0 && both < limit) {
    throw invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (limit === 0 && both > 0) {
    throw invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
  }
};

const swappiness: Check = (config, { limits }, warn) => {
  if (config.MemorySwappiness == null) return;
  if (!limits.memorySwappiness) {
    warn(notSupported("memory swappiness capabilities", "Memory swappiness discarded."));
    config.MemorySwappiness = null;
  } else if (config.MemorySwappiness < 0 || config.MemorySwappiness > 100) {
    throw invalid(`Invalid value: ${config.MemorySwappiness}, valid memory swappiness range is 0-100`);
  }
};

const reservation: Check = (config, { limits }, warn) => {
  if ((config.MemoryReservation ?? 0) > 0 && !limits.memoryReservation) {
    warn(notSupported("memory soft limit capabilities", "Limitation discarded."));
    config.MemoryReservation = 0;
  }
  const { MemoryReservation: reserved = 0, Memory: limit = 0 } = config;
  if (reserved > 0 && reserved < MIN_MEMORY) throw invalid("Minimum memory reservation allowed is 6MB");
  if (reserved > 0 && limit > 0 && limit < reserved) {
    throw invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
};

const kernelMemory: Check = (config, _machine, warn) => {
  if ((config.KernelMemory ?? 0) <= 0) return;
  warn(notSupported("kernel memory limit capabilities", "Limitation discarded."));
  config.KernelMemory = 0;
};

const oomKiller: Check = (config, { limits }, warn) => {
  if (config.OomKillDisable != null && !limits.oomKillDisable) {
    if (config.OomKillDisable) warn("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
    config.OomKillDisable = null;
  }
  if (config.OomKillDisable && (config.Memory ?? 0) === 0) {
    warn(
      "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.",
    );
  }
};

const pids: Check = (config, { limits }, warn) => {
  if (config.PidsLimit == null || limits.pids) return;
  if (config.PidsLimit > 0) warn(notSupported("PIDs limit capabilities", "PIDs limit discarded."));
  config.PidsLimit = null;
};

const cpuTime: Check = (config, { limits, cpus }) => {
  const { NanoCpus: nano = 0, CpuPeriod: period = 0, CpuQuota: quota = 0 } = config;
  if (nano > 0 && period > 0) throw invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  if (nano > 0 && quota > 0) throw invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  if (nano > 0 && !limits.cpuCfs) {
    throw invalid(
      "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted",
    );
  }
  if (nano < 0 || nano > cpus * 1e9) {
    throw invalid(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
};

const cpuShares: Check = (config, { limits }, warn) => {
  const { CpuShares: shares = 0 } = config;
  if (shares < 0) throw invalid(`invalid CPU shares (${shares}): value must be a positive integer`);
  if (shares === 0 || limits.cpuShares) return;
  warn(notSupported("CPU shares", "Shares discarded."));
  config.CpuShares = 0;
};

const cpuPeriods: Check = (config, { limits }, warn) => {
  if (((config.CpuPeriod ?? 0) !== 0 || (config.CpuQuota ?? 0) !== 0) && !limits.cpuCfs) {
    warn("Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.");
    config.CpuPeriod = 0;
    config.CpuQuota = 0;
  }
  const { CpuPeriod: period = 0, CpuQuota: quota = 0 } = config;
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (quota > 0 && quota < 1000) throw invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
};

const realTime: Check = (config, { limits }) => {
  const { CpuRealtimePeriod: period = 0, CpuRealtimeRuntime: runtime = 0 } = config;
  if ((period !== 0 || runtime !== 0) && !limits.cpuRealtime) {
    throw invalid("kernel does not support CPU real-time scheduler");
  }
  if (period !== 0 && runtime > period) {
    throw invalid("cpu real-time runtime cannot be higher than cpu real-time period");
  }
};

const windowsOnly: Check = (config, _machine, warn) => {
  if ((config.IOMaximumBandwidth ?? 0) !== 0) {
    throw invalid("invalid option: QoS maximum bandwidth configuration is not supported on linux");
  }
  if ((config.IOMaximumIOps ?? 0) !== 0) {
    throw invalid("invalid option: QoS maximum IOPs configuration is not supported on linux");
  }
  if ((config.CpuPercent ?? 0) > 0) {
    warn("linux does not support CPU percent. Percent discarded.");
    config.CpuPercent = 0;
  }
};

function outside(requested: string, available: string, what: string): boolean {
  try {
    const there = parseNumberList(available);
    return [...parseNumberList(requested)].some((number) => !there.has(number));
  } catch (error) {
    throw doing(`Invalid value ${requested} for cpuset ${what}`, error);
  }
}

const cpuset: Check = (config, { limits }, warn) => {
  if ((config.CpusetCpus || config.CpusetMems) && !limits.cpuset) {
    warn(notSupported("cpuset", "Cpuset discarded."));
    config.CpusetCpus = "";
    config.CpusetMems = "";
  }
  const { CpusetCpus: cpus = "", CpusetMems: mems = "" } = config;
  if (outside(cpus, limits.cpusetCpus, "cpus")) {
    throw invalid(`Requested CPUs are not available - requested ${cpus}, available: ${limits.cpusetCpus}`);
  }
  if (outside(mems, limits.cpusetMems, "mems")) {
    throw invalid(`Requested memory nodes are not available - requested ${mems}, available: ${limits.cpusetMems}`);
  }
};

const blockWeights: Check = (config, { limits }, warn) => {
  if ((config.BlkioWeight ?? 0) > 0 && !limits.blkioWeight) {
    warn(notSupported("Block I/O weight", "Weight discarded."));
    config.BlkioWeight = 0;
  }
  const { BlkioWeight: weight = 0 } = config;
  if (weight !== 0 && (weight < 10 || weight > 1000)) throw invalid("Range of blkio weight is from 10 to 1000");
  if ((config.BlkioWeightDevice ?? []).length > 0 && !limits.blkioWeightDevice) {
    warn(notSupported("Block I/O weight_device", "Weight-device discarded."));
    config.BlkioWeightDevice = [];
  }
};

const THROTTLES = [
  ["BlkioDeviceReadBps", "BPS Block I/O read limit", "Block I/O BPS read limit discarded."],
  ["BlkioDeviceWriteBps", "BPS Block I/O write limit", "Block I/O BPS write limit discarded."],
  ["BlkioDeviceReadIOps", "IOPS Block read limit", "Block I/O IOPS read limit discarded."],
  ["BlkioDeviceWriteIOps", "IOPS Block write limit", "Block I/O IOPS write limit discarded."],
] as const;

const blockThrottles: Check = (config, { limits }, warn) => {
  for (const [field, what, consequence] of THROTTLES) {
    if ((config[field] ?? []).length === 0 || limits.blkioThrottle) continue;
    warn(notSupported(what, consequence));
    config[field] = [];
  }
};

/** In Docker's order, so that of two faults the same one is told. */
export const resourceChecks: readonly Check[] = [
  windowsOnly,
  realTime,
  cpuShares,
  memory,
  swap,
  swappiness,
  reservation,
  kernelMemory,
  oomKiller,
  pids,
  cpuTime,
  cpuPeriods,
  cpuset,
  blockWeights,
  blockThrottles,
];
