import type { ContainerConfig, HostConfig, Ulimit } from "../../spec/api/index.ts";
import type { Machine } from "../../system/index.ts";
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

/** The daemon's own defaults, where neither image nor user says otherwise. */
export interface SpecDefaults {
  ulimits?: readonly Ulimit[];
  noNewPrivileges?: boolean;
  /** Text of the profile that the daemon was given; unless given, Docker's default profile. "unconfined" for none. */
  seccompProfile?: string;
  /** The AppArmor profile of containers that name none; it has to be loaded. */
  apparmorProfile?: string;
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
  /** A tmpfs of the host that stands for /dev/shm: with --ipc shareable its own, with --ipc container:x that of x. */
  shmPath?: string;
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
