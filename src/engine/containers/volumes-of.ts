import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { MountRecord } from "../../store/records/index.ts";
import { statIn } from "../../system/index.ts";
import type { Container } from "./container.ts";
import type { ContainersContext } from "./context.ts";

type VolumeMount = MountRecord & { volume: string };

/** The mounts that are volumes. */
export function volumeMounts(container: Container): VolumeMount[] {
  return container.record.mounts.filter((mount): mount is VolumeMount => mount.volume !== undefined);
}

/**
 * Copies what the image has at a volume's place into the volume, where that is empty still. Done once, at create, as
 * Docker does. The image is mounted read-only for it; every path is resolved inside that mount.
 */
export async function fillVolumes(context: ContainersContext, container: Container): Promise<void> {
  const empty: VolumeMount[] = [];
  for (const mount of volumeMounts(container)) {
    const wanted = !mount.noCopy && mount.subpath === undefined && context.volumes.get(mount.volume)?.options == null;
    if (wanted && (await isEmpty(context.volumes.dataPath(mount.volume)))) empty.push(mount);
  }
  if (empty.length === 0 || container.record.chainIds.length === 0) return;
  const target = join(context.runs.folder(container.id), "image");
  await context.runs.makeFolder(container.id);
  try {
    await context.snapshots.mountReadOnly({ chainIds: container.record.chainIds, target });
    for (const mount of empty) await fill(context, mount, target);
  } finally {
    await context.snapshots.unmount(target);
    await context.runs.remove(container.id);
  }
}

async function fill(context: ContainersContext, { volume, destination }: VolumeMount, root: string): Promise<void> {
  if (!statIn(root, destination)?.isDirectory()) return;
  await context.volumes.exclusively(volume, async () => {
    const data = context.volumes.dataPath(volume);
    // Another container may have filled it while this one waited.
    if (await isEmpty(data)) await context.trees.copyUp({ sourceRoot: root, sourcePath: destination, target: data });
  });
}

async function isEmpty(folder: string): Promise<boolean> {
  return (await readdir(folder)).length === 0;
}
