import type { Readable } from "node:stream";
import type { StringMap } from "../../spec/api/index.ts";
import type { VolumeRecord, VolumeStore } from "../../store/volumes/index.ts";
import type { Clock, Emit } from "../events/index.ts";
import type { LocalMount } from "./local-options.ts";

/** What the verbs on volumes work with. */
export interface VolumesContext {
  readonly store: VolumeStore;
  readonly emit: Emit;
  readonly clock: Clock;
  /** Ids of the containers that have the volume among their mounts, running or not. */
  usersOf(name: string): string[];
  /** Of those, the ones that run, are starting, or are not wholly down yet. */
  runningUsersOf(name: string): string[];
  removeTree(path: string): Promise<void>;
  sizeOf(path: string): Promise<number>;
  /** One change at a time for each volume. */
  queue<T>(name: string, task: () => Promise<T>): Promise<T>;
  background(what: string, work: () => Promise<unknown>): void;
  /** Copies a folder's content into an empty folder, sharing blocks where the file system can. */
  copyTree(from: string, to: string): Promise<void>;
  /** Everything on the path's file system is on disk when it resolves. */
  sync(path: string): Promise<void>;
  /** A folder as a tar.zst. */
  pack(path: string, signal: AbortSignal): Readable;
  /** Fills an empty folder; nothing outside it is touched. Checks the digest of what came, where one is given. */
  unpack(path: string, archive: Readable, options: { digest?: string; signal: AbortSignal }): Promise<void>;
  /** Runs `work` while the containers that have the volume stand still. */
  frozen<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Mounts a volume with a device for somebody who is no container. */
  hold: { mount(name: string, holder: string): Promise<void>; unmount(name: string, holder: string): Promise<void> };
  warn(message: string): void;
  mounts: {
    mount(volume: LocalMount, target: string): void;
    unmount(target: string): void;
    isMounted(target: string): boolean;
  };
}

export interface EnsureOptions {
  name: string;
  labels: StringMap | null;
  options: StringMap | null;
  /** No name of the user's: the volume is labelled so. */
  anonymous: boolean;
  durable: boolean;
}

/** What containers need of volumes. */
export interface VolumeUse {
  /** Makes the volume unless it is there; true where it was made. */
  ensure(options: EnsureOptions): Promise<boolean>;
  get(name: string): VolumeRecord | undefined;
  dataPath(name: string): string;
  /** Before a container's processes see the data, and after they no longer do. */
  mount(name: string, containerId: string): Promise<void>;
  unmount(name: string, containerId: string): Promise<void>;
  /** Removes a volume that nobody uses; one in use or missing is left alone. */
  discard(name: string): Promise<void>;
  /** Runs `task` while nobody else changes the volume. */
  exclusively<T>(name: string, task: () => Promise<T>): Promise<T>;
}

export function emitVolume(
  context: VolumesContext,
  action: string,
  name: string,
  extra: Record<string, string> = {},
): void {
  context.emit("volume", action, name, { driver: "local", ...extra });
}
