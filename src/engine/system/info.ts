import { readdirSync, statfsSync } from "node:fs";
import { rfc3339Nano } from "../../lib/index.ts";
import { readHostInfo } from "../../system/index.ts";
import type { SystemParts } from "./system-parts.ts";
import type { ProgramVersions } from "./version.ts";

/** File systems by their magic number (statfs(2)), as Docker names them. */
const FILE_SYSTEMS = new Map([
  [0xef53, "extfs"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x01021994, "tmpfs"],
  [0x794c7630, "overlayfs"],
  [0x2fc12fc1, "zfs"],
]);

/** GET /info. */
export async function infoBody(
  parts: SystemParts,
  id: string,
  programs: ProgramVersions,
): Promise<Record<string, unknown>> {
  const { config, host, context, images } = parts;
  const list = await images.list({ all: true, filters: new Map(), sharedSize: false, digests: false });
  return {
    ID: id,
    ...containerCounts(parts),
    Images: list.length,
    Driver: "overlay2",
    DriverStatus: driverStatus(config.dataRoot),
    Plugins: {
      Volume: ["local"],
      Network: ["bridge", "host", "ipvlan", "macvlan", "null"],
      Authorization: null,
      Log: ["json-file", "local", "none"],
    },
    ...limits(parts),
    ...hostFacts(parts),
    NEventsListener: context.bus.listeners,
    NFd: readdirSync("/proc/self/fd").length,
    NGoroutines: 0,
    SystemTime: rfc3339Nano(context.clock()),
    LoggingDriver: config.logDriver,
    CgroupDriver: "cgroupfs",
    CgroupVersion: String(host.machine.cgroupVersion),
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: registryConfig(parts),
    GenericResources: null,
    DockerRootDir: config.dataRoot,
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Labels: [...parts.current().labels],
    ExperimentalBuild: config.experimental,
    ServerVersion: config.version,
    ...runtimeFacts(parts, programs),
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: "",
    SecurityOptions: securityOptions(parts),
    CDISpecDirs: [],
    Warnings: warnings(parts),
  };
}

function containerCounts({ context }: SystemParts) {
  const statuses = context.registry.list().map(({ state }) => state.status);
  const count = (...wanted: string[]) => statuses.filter((status) => wanted.includes(status)).length;
  return {
    Containers: statuses.length,
    ContainersRunning: count("running", "restarting"),
    ContainersPaused: count("paused"),
    ContainersStopped: count("created", "exited", "dead"),
  };
}

function driverStatus(dataRoot: string): [string, string][] {
  return [
    ["Backing Filesystem", FILE_SYSTEMS.get(statfsSync(dataRoot).type) ?? "unknown"],
    ["Supports d_type", "true"],
    ["Using metacopy", "false"],
    ["Native Overlay Diff", "true"],
    ["userxattr", "false"],
  ];
}

function limits({ host }: SystemParts) {
  const { limits: kept } = host.machine;
  return {
    MemoryLimit: kept.memory,
    SwapLimit: kept.swap,
    CpuCfsPeriod: kept.cpuCfs,
    CpuCfsQuota: kept.cpuCfs,
    CPUShares: kept.cpuShares,
    CPUSet: kept.cpuset,
    PidsLimit: kept.pids,
    IPv4Forwarding: kept.ipv4Forwarding,
    BridgeNfIptables: false,
    BridgeNfIp6tables: false,
    OomKillDisable: kept.oomKillDisable,
  };
}

const ARCHITECTURES: Record<string, string> = { amd64: "x86_64", arm64: "aarch64", "386": "i386", arm: "armv7l" };

function hostFacts({ host, current }: SystemParts) {
  const facts = readHostInfo();
  const { architecture } = host.machine;
  return {
    Debug: current().debug,
    KernelVersion: facts.kernelVersion,
    OperatingSystem: facts.operatingSystem,
    OSVersion: facts.osVersion,
    OSType: "linux",
    Architecture: ARCHITECTURES[architecture] ?? architecture,
    NCPU: facts.cpus,
    MemTotal: facts.memory,
    Name: facts.hostname,
  };
}

function registryConfig({ current }: SystemParts) {
  const { insecureRegistries, registryMirrors } = current();
  const mirrors = [...registryMirrors];
  const isBlock = (entry: string) => entry.includes("/");
  const hosts = insecureRegistries.filter((entry) => !isBlock(entry));
  const named = hosts.map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }] as const);
  return {
    InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8", ...insecureRegistries.filter(isBlock)],
    IndexConfigs: {
      "docker.io": { Name: "docker.io", Mirrors: mirrors, Secure: true, Official: true },
      ...Object.fromEntries(named),
    },
    Mirrors: mirrors.length === 0 ? null : mirrors,
  };
}

function runtimeFacts({ host }: SystemParts, programs: ProgramVersions) {
  const commit = (name: string) => ({ ID: programs.get(name)?.commit || programs.get(name)?.version || "" });
  const runtimes = Object.entries(host.runtimes).map(([name, { path, args }]) => {
    const runtimeArgs = args !== undefined && args.length > 0 ? { runtimeArgs: args } : {};
    return [name, { path, ...runtimeArgs }] as const;
  });
  return {
    Runtimes: Object.fromEntries(runtimes),
    DefaultRuntime: host.defaultRuntime,
    InitBinary: host.initPath ?? "",
    ContainerdCommit: { ID: "" },
    RuncCommit: commit(host.defaultRuntime),
    InitCommit: { ID: "" },
  };
}

function securityOptions({ host, config }: SystemParts): string[] {
  const { seccomp, apparmor } = host.machine;
  const profile = config.seccompProfile.startsWith("/") ? "custom" : config.seccompProfile;
  const privateCgroups = host.machine.cgroupVersion === 2 && config.defaultCgroupnsMode === "private";
  return [
    ...(apparmor ? ["name=apparmor"] : []),
    ...(seccomp ? [`name=seccomp,profile=${profile}`] : []),
    ...(config.noNewPrivileges ? ["name=no-new-privileges"] : []),
    ...(privateCgroups ? ["name=cgroupns"] : []),
  ];
}

function warnings({ host }: SystemParts): string[] | null {
  const { limits: kept } = host.machine;
  const found = [
    ...(kept.memory ? [] : ["WARNING: No memory limit support"]),
    ...(kept.swap ? [] : ["WARNING: No swap limit support"]),
    ...(kept.cpuCfs ? [] : ["WARNING: No cpu cfs quota support", "WARNING: No cpu cfs period support"]),
    ...(kept.cpuShares ? [] : ["WARNING: No cpu shares support"]),
    ...(kept.cpuset ? [] : ["WARNING: No cpuset support"]),
  ];
  return found.length === 0 ? null : found;
}
