import { notFound, randomHex } from "../../lib/index.ts";
import type { Volumes } from "../engine.ts";
import { ensureVolume } from "./ensure-volume.ts";
import { bodyOf, inspectVolume, listVolumes } from "./list-volumes.ts";
import { createVolumeMounts } from "./mount-volume.ts";
import { pruneVolumes } from "./prune-volumes.ts";
import { discardVolume, removeVolume } from "./remove-volume.ts";
import type { VolumesContext, VolumeUse } from "./volumes-context.ts";

/** The Volumes service, and what containers need of it. */
export function createVolumes(context: VolumesContext): { service: Volumes; use: VolumeUse } {
  const mounts = createVolumeMounts(context);
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
