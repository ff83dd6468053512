import type {
  ContainerConfig,
  HealthLogEntry,
  HostConfig,
  MountPoint,
  MountType,
  NetworkingConfig,
} from "../../spec/api/index.ts";
import type { Digest } from "../../spec/index.ts";

/** A mount of a container as it was decided at create: what inspect shows, and what a start has to do for it. */
export interface MountRecord {
  type: Extract<MountType, "bind" | "volume" | "tmpfs">;
  /** Absolute path in the container. */
  destination: string;
  /** Host path of a bind; "" for volumes (the volume's name leads to it) and tmpfs. */
  source: string;
  /** Name of the volume. */
  volume?: string;
  /** The mode words as the user wrote them: "ro,z". */
  mode: string;
  readWrite: boolean;
  propagation: string;
  /** From --mount: how a read-only or recursive bind is made. */
  nonRecursive?: boolean;
  readOnlyNonRecursive?: boolean;
  readOnlyForceRecursive?: boolean;
  /** A bind of -v: its source is made as a folder where it is missing. */
  createSource?: boolean;
  /** Not filled from the image. */
  noCopy?: boolean;
  /** Relative path inside the volume that is mounted in place of the whole. */
  subpath?: string;
  /** tmpfs(5) option text: "size=1m,mode=1777". */
  tmpfsData?: string;
  /** False for what HostConfig.Tmpfs asked for: inspect does not list it among the mounts. */
  listed: boolean;
}

/** What a container is, from create to remove: `containers/<id>/container.json`. */
export interface ContainerRecord {
  schema: 1;
  id: string;
  /** Without the slash that the API puts in front. */
  name: string;
  /** RFC 3339 with nanoseconds, as every time here. */
  created: string;
  imageId: Digest;
  /** The image as the user named it. */
  imageRef: string;
  /** Operating system of the image. */
  platform: string;
  /** Layers of the root file system, the lowest first. */
  chainIds: Digest[];
  /** Merged with the image's. */
  config: ContainerConfig;
  hostConfig: HostConfig;
  networkingConfig: NetworkingConfig;
  /** The program and its arguments: entrypoint and command together. */
  path: string;
  args: string[];
  mounts: MountRecord[];
  /** Volumes without a name of the user's that were made for this container; `rm -v` removes them. */
  anonymousVolumes: string[];
  /** While it takes another's place: which, and whether that ran. */
  replaces?: { id: string; running: boolean };
}

/** Where a container's life stands: `containers/<id>/state.json`, written at each step without waiting for the disk. */
export interface ContainerStateRecord {
  schema: 1;
  status: "created" | "running" | "paused" | "restarting" | "exited" | "dead";
  exitCode: number;
  error: string;
  oomKilled: boolean;
  startedAt: string;
  finishedAt: string;
  restartCount: number;
  /** Stopped by a user, so "unless-stopped" leaves it alone. */
  stoppedByUser: boolean;
  /** Only of a container with a health check that has been started. */
  health?: HealthRecord;
}

/** What its checks say of a container; the last of them in the log. */
export interface HealthRecord {
  status: "starting" | "healthy" | "unhealthy";
  failingStreak: number;
  log: HealthLogEntry[];
  /** A check that runs for long, by its pid and start time: should the daemon die, the next one ends it. */
  probe?: { pid: number; start: number };
}

/** What Docker prints for "never". */
export const NEVER = "0001-01-01T00:00:00Z";

/** The state of a container that has not been started yet. */
export const CREATED: ContainerStateRecord = {
  schema: 1,
  status: "created",
  exitCode: 0,
  error: "",
  oomKilled: false,
  startedAt: NEVER,
  finishedAt: NEVER,
  restartCount: 0,
  stoppedByUser: false,
};

/** `.Mounts` of inspect and ps for one mount. `volumePath` gives the folder of a volume's data. */
export function mountPointOf(mount: MountRecord, volumePath: (name: string) => string): MountPoint {
  const common = {
    Destination: mount.destination,
    Mode: mount.mode,
    RW: mount.readWrite,
    Propagation: mount.propagation,
  };
  if (mount.volume === undefined) return { Type: mount.type, Source: mount.source, ...common };
  const at = { Name: mount.volume, Source: volumePath(mount.volume) };
  return { Type: "volume", ...at, Driver: "local", ...common };
}
