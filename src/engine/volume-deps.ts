import { closeSync, constants, openSync } from "node:fs";
import type { Readable } from "node:stream";
import { createKeyedQueue } from "../lib/index.ts";
import type { Packer } from "../store/layers/index.ts";
import type { Archives, Trees } from "../store/trees/index.ts";
import type { VolumeStore } from "../store/volumes/index.ts";
import { codeOf, MNT, mount, readMounts, unmount } from "../system/index.ts";
import type { Registry } from "./containers/registry.ts";
import type { Clock, EventBus } from "./events/index.ts";
import type { VolumesContext } from "./volumes/index.ts";

export interface VolumeParts {
  archives: Archives;
  packer: Packer;
  frozen: VolumesContext["frozen"];
  warn(message: string): void;
  store: VolumeStore;
  registry: Registry;
  trees: Trees;
  bus: EventBus;
  clock: Clock;
  background: VolumesContext["background"];
}

/** What the Volumes service works with. */
export function volumesContext({ store, registry, trees, bus, clock, background, ...parts }: VolumeParts) {
  const usersOf = (name: string) =>
    [...registry.all()].filter(({ record }) => record.mounts.some((entry) => entry.volume === name));
  const context: Omit<VolumesContext, "hold"> = {
    store,
    clock,
    background,
    emit: bus.emit,
    usersOf: (name) => usersOf(name).map(({ id }) => id),
    runningUsersOf: (name) =>
      usersOf(name)
        .filter(({ run }) => run !== undefined)
        .map(({ id }) => id),
    frozen: parts.frozen,
    warn: parts.warn,
    copyTree: (from, target) => trees.copyUp({ sourceRoot: from, sourcePath: ".", target, changing: true }),
    sync: (path) => trees.sync(path),
    pack: (path, signal) =>
      parts.packer.toStream({
        path,
        form: "tree",
        root: true,
        sparse: true,
        hostile: true,
        compression: "zstd",
        unhashed: true,
        signal,
      }),
    unpack: (path, archive, options) => unpack(parts.archives, path, archive, options),
    removeTree: (path) => trees.remove(path),
    sizeOf: async (path) => (await trees.diskUsage(path)).bytes,
    queue: createKeyedQueue(),
    mounts: {
      mount: ({ device, type, flags, data }, target) =>
        mount(device, target, type === "none" || type === "" ? undefined : type, flags, data),
      unmount(target) {
        try {
          unmount(target, MNT.DETACH | MNT.NOFOLLOW);
        } catch (error) {
          // Nothing is mounted there.
          if (codeOf(error) !== "EINVAL" && codeOf(error) !== "ENOENT") throw error;
        }
      },
      isMounted: (target) => readMounts().some((entry) => entry.mountPoint === target),
    },
  };
  return context;
}

async function unpack(
  archives: Archives,
  path: string,
  archive: Readable,
  { digest, signal }: { digest?: string; signal: AbortSignal },
): Promise<void> {
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const request = { directory, describesTop: true, ...(digest === undefined ? {} : { expected: digest }) };
    await archives.unpack(request, archive, signal);
  } finally {
    closeSync(directory);
  }
}
