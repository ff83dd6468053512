import { notFound, randomHex } from "../../lib/index.ts";
import type { Volumes } from "../engine.ts";
import { cloneVolume } from "./clone-volume.ts";
import { ensureVolume } from "./ensure-volume.ts";
import { bodyOf, inspectVolume, listVolumes } from "./list-volumes.ts";
import { createVolumeMounts } from "./mount-volume.ts";
import { pruneVolumes } from "./prune-volumes.ts";
import { discardVolume, removeVolume } from "./remove-volume.ts";
import { createSnapshot, listVolumeSnapshots, removeSnapshot, restoreSnapshot } from "./snapshot-volume.ts";
import { backupVolume, isReader, restoreVolume } from "./volume-copies.ts";
import { emitVolume, type VolumesContext, type VolumeUse } from "./volumes-context.ts";

/** The Volumes service, and what containers need of it. */
export function createVolumes(parts: Omit<VolumesContext, "hold">): { service: Volumes; use: VolumeUse } {
  const mounts = createVolumeMounts(parts);
  const context: VolumesContext = {
    ...parts,
    hold: mounts,
    runningUsersOf: (name) =>
      [...new Set([...parts.runningUsersOf(name), ...mounts.holders(name)])].filter((id) => !isReader(id)),
  };
  return {
    service: {
      async create(body) {
        const driver = body.Driver || "local";
        if (driver !== "local") {
          throw notFound(
            `create ${body.Name ?? ""}: error looking up volume plugin ${driver}: plugin "${driver}" not found`,
          );
        }
        const { record } = await ensureVolume(context, {
          name: body.Name || randomHex(32),
          labels: body.Labels ?? null,
          options: body.DriverOpts ?? null,
          anonymous: !body.Name,
          durable: true,
        });
        return bodyOf(context, record);
      },
      list: async (filters) => listVolumes(context, filters),
      inspect: async (name) => inspectVolume(context, name),
      remove: (name, options) => removeVolume(context, name, options),
      prune: (filters) => pruneVolumes(context, filters),
      backup: (name, options) => backupVolume(context, name, options),
      async restore(name, archive, options) {
        const wish = { name, labels: null, options: null, anonymous: false, durable: true };
        const make = async () => (await ensureVolume(context, wish)).made;
        await restoreVolume(context, name, archive, { ...options, make, discard: () => discardVolume(context, name) });
        emitVolume(context, "restore", name);
        return inspectVolume(context, name);
      },
      clone: (name, body) => cloneVolume(context, name, body),
      createSnapshot: (name, body) => createSnapshot(context, name, body),
      listSnapshots: (name) => listVolumeSnapshots(context, name),
      restoreSnapshot: (name, snapshot) => restoreSnapshot(context, name, snapshot),
      removeSnapshot: (name, snapshot) => removeSnapshot(context, name, snapshot),
    },
    use: {
      ensure: async (options) => (await ensureVolume(context, options)).made,
      get: (name) => context.store.get(name),
      dataPath: (name) => context.store.dataPath(name),
      mount: mounts.mount,
      unmount: mounts.unmount,
      discard: (name) => discardVolume(context, name),
      exclusively: context.queue,
    },
  };
}
