import { createKeyedQueue } from "../lib/index.ts";
import type { Trees } from "../store/trees/index.ts";
import type { VolumeStore } from "../store/volumes/index.ts";
import { codeOf, MNT, mount, readMounts, unmount } from "../system/index.ts";
import type { Registry } from "./containers/registry.ts";
import type { Clock, EventBus } from "./events/index.ts";
import type { VolumesContext } from "./volumes/index.ts";

export interface VolumeParts {
  store: VolumeStore;
  registry: Registry;
  trees: Trees;
  bus: EventBus;
  clock: Clock;
  background: VolumesContext["background"];
}

/** What the Volumes service works with. */
export function volumesContext({ store, registry, trees, bus, clock, background }: VolumeParts): VolumesContext {
  return {
    store,
    clock,
    background,
    emit: bus.emit,
    usersOf: (name) =>
      [...registry.all()]
        .filter(({ record }) => record.mounts.some((entry) => entry.volume === name))
        .map((container) => container.id),
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
}
