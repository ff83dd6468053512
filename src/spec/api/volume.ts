import type { StringMap } from "./container.ts";

export interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  CreatedAt?: string;
  Status?: Record<string, unknown>;
  Labels: StringMap | null;
  Scope: "local" | "global";
  Options: StringMap | null;
  UsageData?: { Size: number; RefCount: number };
}

export interface VolumeCreateBody {
  Name?: string;
  Driver?: string;
  DriverOpts?: StringMap | null;
  Labels?: StringMap | null;
  ClusterVolumeSpec?: unknown;
}

/** POST /volumes/{name}/clone, Berth's own. */
export interface VolumeCloneBody {
  /** Of the new volume. */
  Name?: string;
  /** The source's unless given. */
  Labels?: StringMap | null;
  /** The containers that have the volume stand still while it is copied. */
  Pause?: boolean;
}

/** POST /volumes/{name}/snapshots, Berth's own. */
export interface VolumeSnapshotBody {
  /** The time unless given. */
  Name?: string;
  Pause?: boolean;
}

export interface VolumeSnapshot {
  Name: string;
  Volume: string;
  /** RFC 3339. */
  CreatedAt: string;
  /** Bytes of its files; where the file system shares blocks it takes less. -1 where it is not known. */
  Size: number;
}

export interface VolumeListResponse {
  Volumes: Volume[];
  Warnings: string[] | null;
}

export interface VolumesPruneResponse {
  VolumesDeleted: string[] | null;
  SpaceReclaimed: number;
}
