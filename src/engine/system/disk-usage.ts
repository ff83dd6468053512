import { invalid } from "../../lib/index.ts";
import type { ContainerSummary, ImageSummary, Volume } from "../../spec/api/index.ts";
import { listContainers } from "../containers/list-containers.ts";
import type { SystemParts } from "./system-parts.ts";

const TYPES = ["container", "image", "volume", "build-cache"];

/** GET /system/df: the objects of the wanted types with their sizes; all types unless some are named. */
export async function diskUsage(
  parts: SystemParts,
  types: readonly string[] | undefined,
): Promise<Record<string, unknown>> {
  for (const type of types ?? []) if (!TYPES.includes(type)) throw invalid(`unknown object type: ${type}`);
  const wants = (type: string) => types === undefined || types.length === 0 || types.includes(type);
  const [images, containers, volumes, cache] = await Promise.all([
    wants("image") ? imagesOf(parts) : undefined,
    wants("container") ? containersOf(parts) : undefined,
    wants("volume") ? volumesOf(parts) : undefined,
    wants("build-cache") ? parts.builds.cache() : undefined,
  ]);
  return {
    LayersSize: wants("image") ? parts.images.layersSize() : 0,
    Images: images ?? null,
    Containers: containers ?? null,
    Volumes: volumes ?? null,
    BuildCache: cache?.records ?? null,
    ...(cache === undefined ? {} : { BuildCacheCeiling: cache.ceiling }),
  };
}

async function imagesOf({ images, context }: SystemParts): Promise<ImageSummary[]> {
  const list = await images.list({ all: false, filters: new Map(), sharedSize: true, digests: false });
  const users = new Map<string, number>();
  for (const { record } of context.registry.list()) users.set(record.imageId, (users.get(record.imageId) ?? 0) + 1);
  return list.map((image) => ({ ...image, Containers: users.get(image.Id) ?? 0 }));
}

function containersOf({ context }: SystemParts): Promise<ContainerSummary[]> {
  return listContainers(context, { all: true, size: true, filters: new Map() });
}

async function volumesOf({ volumes, context }: SystemParts): Promise<Volume[]> {
  const { Volumes: list } = await volumes.list(new Map());
  const users = new Map<string, number>();
  for (const { record } of context.registry.list()) {
    for (const name of new Set(record.mounts.map(({ volume }) => volume))) {
      if (name !== undefined) users.set(name, (users.get(name) ?? 0) + 1);
    }
  }
  const sized = list.map(async (volume) => {
    const Size = await context.trees.diskUsage(volume.Mountpoint).then(
      ({ bytes }) => bytes,
      () => -1,
    );
    return { ...volume, UsageData: { RefCount: users.get(volume.Name) ?? 0, Size } };
  });
  return Promise.all(sized);
}
