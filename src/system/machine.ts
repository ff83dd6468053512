import { existsSync, readFileSync } from "node:fs";
import { arch, cpus, release } from "node:os";
import { posix } from "node:path";
import { type CgroupLayout, childrenOf, readOptional } from "./cgroup/index.ts";

/** What the machine and its kernel offer; `readMachine` fills it once at start-up. */
export interface Machine {
  kernel: { major: number; minor: number };
  /** Docker's name of the architecture: amd64, arm64 … */
  architecture: string;
  cpus: number;
  /** Every capability that the daemon can give, in the kernel's order: what `--privileged` means. */
  capabilities: readonly string[];
  cgroupVersion: 1 | 2;
  seccomp: boolean;
  apparmor: boolean;
  /** Folders of each processor's thermal counters, where there are any: they tell what the host is doing. */
  thermalPaths: readonly string[];
  /** Whether /proc/sys has the name, written with dots. */
  hasSysctl(name: string): boolean;
  limits: MachineLimits;
}

/** Which limits can be kept here. What is false is discarded with a warning, as Docker does. */
export interface MachineLimits {
  memory: boolean;
  swap: boolean;
  memoryReservation: boolean;
  memorySwappiness: boolean;
  oomKillDisable: boolean;
  cpuShares: boolean;
  cpuCfs: boolean;
  cpuRealtime: boolean;
  cpuset: boolean;
  /** Lists such as "0-3,7"; empty where there is no cpuset controller. */
  cpusetCpus: string;
  cpusetMems: string;
  pids: boolean;
  blkioWeight: boolean;
  blkioWeightDevice: boolean;
  blkioThrottle: boolean;
  cgroupNamespaces: boolean;
  ipv4Forwarding: boolean;
}

/** Names by number, from linux/capability.h. */
export const CAPABILITIES: readonly string[] = `
  CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
  NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
  SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
  MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`
  .trim()
  .split(/\s+/)
  .map((name) => `CAP_${name}`);

/** The names in a mask such as /proc/PID/status prints: "00000000a80425fb". */
export function capabilitiesOf(mask: string): string[] {
  const bits = BigInt(`0x${mask.trim() || "0"}`);
  return CAPABILITIES.filter((_, bit) => ((bits >> BigInt(bit)) & 1n) === 1n);
}

const ARCHITECTURES: Record<string, string> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };

/** Major and minor of a release such as "6.18.44-generic"; zeros where it has another form. */
export function parseKernelRelease(text: string): { major: number; minor: number } {
  const match = /^(\d+)\.(\d+)/.exec(text);
  return { major: Number(match?.[1] ?? 0), minor: Number(match?.[2] ?? 0) };
}

const has = (path: string) => readOptional(path) !== undefined;
const line = (path: string) => (readOptional(path) ?? "").trim();

function legacyLimits(layout: CgroupLayout) {
  const file = (controller: string, name: string) => {
    const mountPoint = layout.controllers.get(controller);
    return mountPoint !== undefined && has(`${mountPoint}/${name}`);
  };
  const cpuset = layout.controllers.get("cpuset") ?? "";
  return {
    memory: layout.controllers.has("memory"),
    swap: file("memory", "memory.memsw.limit_in_bytes"),
    memoryReservation: file("memory", "memory.soft_limit_in_bytes"),
    memorySwappiness: file("memory", "memory.swappiness"),
    oomKillDisable: file("memory", "memory.oom_control"),
    cpuShares: file("cpu", "cpu.shares"),
    // The root group of a hierarchy has no quota file, but its period is there wherever quotas are.
    cpuCfs: file("cpu", "cpu.cfs_quota_us") || file("cpu", "cpu.cfs_period_us"),
    cpuRealtime: file("cpu", "cpu.rt_period_us"),
    cpuset: cpuset !== "",
    cpusetCpus: line(`${cpuset}/cpuset.cpus`),
    cpusetMems: line(`${cpuset}/cpuset.mems`),
    pids: layout.controllers.has("pids"),
    blkioWeight: file("blkio", "blkio.weight"),
    blkioWeightDevice: file("blkio", "blkio.weight_device"),
    blkioThrottle: file("blkio", "blkio.throttle.read_bps_device"),
  };
}

function unifiedLimits(layout: CgroupLayout) {
  const root = layout.unified ?? "/sys/fs/cgroup";
  // A container has what the top hands down, which may be less than the top has.
  const handedDown = readOptional(`${root}/cgroup.subtree_control`)?.trim().split(/\s+/) ?? layout.unifiedControllers;
  const on = (controller: string) => handedDown.includes(controller);
  // The top itself has no such files: those below it answer for the kernel.
  const below = (...names: string[]) =>
    childrenOf(root).some((dir) => names.some((name) => has(posix.join(dir, name))));
  const memory = on("memory");
  return {
    memory,
    swap: memory && below("memory.swap.max"),
    memoryReservation: memory,
    memorySwappiness: false,
    oomKillDisable: false,
    cpuShares: on("cpu"),
    cpuCfs: on("cpu"),
    cpuRealtime: false,
    cpuset: on("cpuset"),
    cpusetCpus: line(`${root}/cpuset.cpus.effective`),
    cpusetMems: line(`${root}/cpuset.mems.effective`),
    pids: on("pids"),
    blkioWeight: on("io") && below("io.weight", "io.bfq.weight"),
    blkioWeightDevice: on("io") && below("io.bfq.weight"),
    blkioThrottle: on("io"),
  };
}

/** What a layout can keep. `proc` is where procfs is; tests give a tree of their own. */
export function readLimits(layout: CgroupLayout, proc = "/proc"): MachineLimits {
  return {
    ...(layout.version === 2 ? unifiedLimits(layout) : legacyLimits(layout)),
    cgroupNamespaces: existsSync(`${proc}/self/ns/cgroup`),
    ipv4Forwarding: line(`${proc}/sys/net/ipv4/ip_forward`) !== "0",
  };
}

function thermalPaths(count: number): string[] {
  const paths = Array.from({ length: count }, (_, cpu) => `/sys/devices/system/cpu/cpu${cpu}/thermal_throttle`);
  return paths.filter((path) => existsSync(path));
}

/** Reads what this machine offers. Once, at start-up: it does not change but by a reboot or a remount. */
export function readMachine(layout: CgroupLayout): Machine {
  const status = readFileSync("/proc/self/status", "utf8");
  return {
    kernel: parseKernelRelease(release()),
    architecture: ARCHITECTURES[arch()] ?? arch(),
    cpus: cpus().length,
    capabilities: capabilitiesOf(/^CapEff:\s*(\S+)$/m.exec(status)?.[1] ?? "0"),
    cgroupVersion: layout.version,
    seccomp: /^Seccomp:/m.test(status),
    apparmor: line("/sys/module/apparmor/parameters/enabled") === "Y",
    thermalPaths: thermalPaths(cpus().length),
    hasSysctl: (name) => !name.includes("..") && has(`/proc/sys/${name.replaceAll(".", "/")}`),
    limits: readLimits(layout),
  };
}
