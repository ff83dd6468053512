import type { ContainerConfig, HostConfig, Ulimit } from "../../spec/api/index.ts";
import type { OciDevice, OciDeviceRule, OciMount } from "./oci.ts";

/** Where a namespace comes from: a new one, the host's, or the one that a path (/proc/PID/ns/…) names. */
export type NamespaceChoice = "new" | "host" | { path: string };

export interface SpecNamespaces {
  network: NamespaceChoice;
  pid: NamespaceChoice;
  ipc: NamespaceChoice;
  uts: NamespaceChoice;
  cgroup: NamespaceChoice;
}

/**
 * A mount beside the default ones: what volumes, binds, tmpfs and the files that the engine provides (hosts …) come to.
 * `bindMount` and `tmpfsMount` make them. The order does not matter.
 */
export interface ResolvedMount extends OciMount {
  type: "bind" | "tmpfs";
  source: string;
  options: string[];
}

/** Device nodes to make and the cgroup's rules for them, as `resolveDevices` finds them on the host. */
export interface ResolvedDevices {
  devices: OciDevice[];
  rules: OciDeviceRule[];
}

/** Major and minor of the block devices that limits name, by the path that the user gave. */
export type BlockDevices = ReadonlyMap<string, { major: number; minor: number }>;

/** What the machine and its kernel offer; `readMachine` fills it once at start-up. */
export interface Machine {
  kernel: { major: number; minor: number };
  /** Docker's name of the architecture: amd64, arm64 … */
  architecture: string;
  cpus: number;
  /** Every capability that the daemon can give, by number: the bounding set of `--privileged`. */
  capabilities: readonly string[];
  cgroupVersion: 1 | 2;
  seccomp: boolean;
  apparmor: boolean;
  /** Whether /proc/sys has the name in dots. */
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
  /** Lists such as "0-3,7". */
  cpusetCpus: string;
  cpusetMems: string;
  pids: boolean;
  blkioWeight: boolean;
  blkioWeightDevice: boolean;
  blkioThrottle: boolean;
  cgroupNamespaces: boolean;
  ipv4Forwarding: boolean;
}

/** The daemon's own defaults, where neither image nor user says otherwise. */
export interface SpecDefaults {
  ulimits?: readonly Ulimit[];
  noNewPrivileges?: boolean;
  /** Text of the profile that the daemon was given; unless given, Docker's default profile. "unconfined" for none. */
  seccompProfile?: string;
  /** Whether a container gets an init unless it says otherwise. */
  init?: boolean;
}

export interface SpecInput {
  id: string;
  /** Merged with the image's configuration. */
  config: ContainerConfig;
  /** After `adaptHostConfig` and `validateHostConfig`. */
  hostConfig: HostConfig;
  rootfs: string;
  /** The result of `lookupUser` (system). */
  user: { uid: number; gid: number; additionalGids: readonly number[]; home: string };
  mounts: readonly ResolvedMount[];
  devices: ResolvedDevices;
  blockDevices?: BlockDevices;
  hostname: string;
  domainname?: string;
  /** The path below each controller's mount point: "/berth/<id>". */
  cgroupPath: string;
  namespaces: SpecNamespaces;
  /** The init program on the host; asked for by HostConfig.Init or the defaults. */
  initPath?: string;
  machine: Machine;
  defaults?: SpecDefaults;
}
