import type { HostConfig } from "../../spec/api/index.ts";
import type { Machine } from "../../system/index.ts";
import { normalizeCapabilities } from "./capabilities.ts";
import { DEFAULT_READONLY_PATHS, maskedPaths } from "./paths.ts";

const DEFAULT_SHM_SIZE = 64 * 1024 * 1024;

/** What inspect shows for what nobody chose, in Docker's order. */
const NOTHING_CHOSEN: HostConfig = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: { Type: "", Config: {} },
  NetworkMode: "default",
  PortBindings: {},
  RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "",
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: 0,
  Runtime: "",
  Isolation: "",
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
  MaskedPaths: null,
  ReadonlyPaths: null,
};

export interface AdaptDefaults {
  machine: Machine;
  /** The daemon's: 64 MiB unless given. */
  shmSize?: number;
  ipcMode?: "private" | "shareable";
  cgroupnsMode?: "private" | "host";
}

function cgroupnsMode(config: HostConfig, defaults: AdaptDefaults): HostConfig["CgroupnsMode"] {
  if (config.CgroupnsMode) return config.CgroupnsMode;
  if (defaults.machine.cgroupVersion === 2) return defaults.cgroupnsMode ?? "private";
  return config.Privileged ? "host" : (defaults.cgroupnsMode ?? "host");
}

/** Sharing the host's processes or memory, SELinux labels would only stand in the way; Docker shows it so. */
function securityOptions(config: HostConfig): string[] | null {
  const own = config.SecurityOpt ?? null;
  const shared = config.Privileged || config.IpcMode === "host" || config.PidMode === "host";
  if (!shared || own?.some((option) => option.startsWith("label"))) return own;
  return [...(own ?? []), "label=disable"];
}

function namesOf(field: "CapAdd" | "CapDrop", names: string[] | null | undefined, machine: Machine): string[] | null {
  return names == null ? null : normalizeCapabilities(field, names, machine.capabilities);
}

/** Docker's own arrangement with clients of memory limits: without a word on swap, as much again. */
function memorySwap(config: HostConfig): number {
  const { Memory: memory = 0, MemorySwap: swap = 0 } = config;
  return memory > 0 && swap === 0 ? memory * 2 : swap;
}

function withoutUndefined(config: HostConfig): HostConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as HostConfig;
}

/**
 * The host config as the container's record keeps it and inspect shows it: every field there, Docker's defaults filled
 * in. Call it before `validateHostConfig`. Throws "invalid" for a capability that nobody knows.
 */
export function adaptHostConfig(from: HostConfig, defaults: AdaptDefaults): HostConfig {
  const config: HostConfig = { ...NOTHING_CHOSEN, ...withoutUndefined(from) };
  const { machine } = defaults;
  config.NetworkMode ||= "default";
  config.CapAdd = namesOf("CapAdd", config.CapAdd, machine);
  config.CapDrop = namesOf("CapDrop", config.CapDrop, machine);
  config.MemorySwap = memorySwap(config);
  config.ShmSize ||= defaults.shmSize ?? DEFAULT_SHM_SIZE;
  config.IpcMode ||= defaults.ipcMode ?? "private";
  config.SecurityOpt = securityOptions(config);
  config.CgroupnsMode = cgroupnsMode(config, defaults) ?? "";
  config.OomKillDisable ??= false;
  config.PidsLimit = (config.PidsLimit ?? 0) > 0 ? (config.PidsLimit ?? null) : null;
  // -1 is the wire's word for "not chosen".
  if (config.MemorySwappiness === -1) config.MemorySwappiness = null;
  if (!config.Privileged) {
    config.MaskedPaths ??= maskedPaths(machine);
    config.ReadonlyPaths ??= [...DEFAULT_READONLY_PATHS];
  }
  return config;
}
