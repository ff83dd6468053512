import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { detectCompression, MAGIC_BYTES } from "../../lib/compress/index.ts";
import { BerthError, invalid } from "../../lib/index.ts";
import {
  type Descriptor,
  type Digest,
  familiar,
  hostPlatform,
  type ImageConfig,
  mediaTypes,
  parseImageConfig,
  parsePlatform,
  type Reference,
  satisfiesPlatform,
} from "../../spec/index.ts";
import { chainIdsOf, type ImageRecord, type Lease, type SpooledEntry } from "../../store/index.ts";
import type { Progress } from "../engine.ts";
import { archiveFiles } from "./archive-files.ts";
import { abandon } from "./collect-unused.ts";
import { emitImage, type ImagesDeps, shortId } from "./images-context.ts";
import { createLayerProgress } from "./layer-progress.ts";
import { planLoad } from "./load-plan.ts";
import type { PlannedImage } from "./planned-image.ts";
import { knownBlob, saveRecord } from "./save-record.ts";
import { nameImage } from "./tag-image.ts";

/**
 * Takes in the images of an archive: what `docker save` writes (old and new form) and OCI layouts, plain or compressed.
 * Only the names in the archive are set. An image counts once all of it has proved right; those before a bad one stay.
 */
export async function loadImages(
  deps: ImagesDeps,
  archive: Readable,
  options: { quiet: boolean; platform?: string },
  progress: Progress,
): Promise<void> {
  const lease = deps.store.leases.take();
  const spooled = await deps.blobs.spool(archive).catch((error: unknown) => {
    lease.release();
    throw error;
  });
  try {
    const wanted = options.platform ? parsePlatform(options.platform) : undefined;
    const planned = await planLoad(archiveFiles(spooled.entries), wanted ?? hostPlatform());
    const configs = planned.map((image) => parseImageConfig(image.config));
    const chosen = planned.filter((_, index) => {
      const { os = "", architecture = "", variant } = configs[index] ?? {};
      return (
        wanted === undefined ||
        satisfiesPlatform({ os: os || "linux", architecture, ...(variant ? { variant } : {}) }, wanted)
      );
    });
    const ids: Digest[] = [];
    for (const image of chosen)
      ids.push(await loadOne(deps, image, lease, options.quiet ? () => {} : progress, progress));
    await setParents(deps, chosen, ids);
  } finally {
    await spooled.remove();
    await abandon(deps, lease); // what has its record by now stays
  }
}

async function loadOne(
  deps: ImagesDeps,
  image: PlannedImage,
  lease: Lease,
  layerProgress: Progress,
  progress: Progress,
): Promise<Digest> {
  const config = parseImageConfig(image.config);
  const diffIds = config.rootfs.diff_ids;
  if (config.os !== "" && config.os !== "linux") throw invalid(`cannot load ${config.os} image on linux`);
  if (image.layers.length !== diffIds.length)
    throw invalid(`invalid manifest, layers length mismatch: expected ${image.layers.length}, got ${diffIds.length}`);
  const blobs = await loadLayers(deps, image.layers, config, lease, layerProgress);
  const id = await deps.blobs.put(image.config);
  lease.hold(id);
  if (image.manifest !== undefined) lease.hold(await deps.blobs.put(image.manifest.bytes, image.manifest.digest));
  await saveRecord(deps, {
    id,
    config,
    blobs,
    mediaType: image.manifest?.mediaType ?? mediaTypes.ociConfig,
    ...(image.manifest === undefined ? {} : { manifest: image.manifest.digest }),
  });
  for (const tag of image.tags) await nameLoaded(deps, id, tag, progress);
  if (image.tags.length === 0) progress({ stream: `Loaded image ID: ${id}\n` });
  emitImage(deps, "load", id, id);
  return id;
}

async function nameLoaded(deps: ImagesDeps, id: Digest, tag: Reference, progress: Progress): Promise<void> {
  const before = deps.store.references.get(tag);
  if (before !== undefined && before !== id)
    progress({
      stream: `The image ${familiar(tag)} already exists, renaming the old one with ID ${before} to empty string\n`,
    });
  await nameImage(deps, id, [tag]);
  progress({ stream: `Loaded image: ${familiar(tag)}\n` });
}

async function loadLayers(
  deps: ImagesDeps,
  files: readonly SpooledEntry[],
  config: ImageConfig,
  lease: Lease,
  progress: Progress,
): Promise<Descriptor[]> {
  const chainIds = chainIdsOf(config.rootfs.diff_ids);
  lease.hold(...chainIds);
  const blobs: Descriptor[] = [];
  for (const [index, file] of files.entries()) {
    const [chainId = "", parent] = [chainIds[index], chainIds[index - 1]];
    const known = knownBlob(deps, chainId);
    lease.hold(known?.digest ?? file.digest ?? "");
    blobs.push(known ?? (await loadLayer(deps, file, config.rootfs.diff_ids[index] ?? "", parent, progress)));
  }
  return blobs;
}

/** Unpacks a layer from its spooled file and, the diff id having proved right, keeps the file as the layer's blob. */
async function loadLayer(
  deps: ImagesDeps,
  file: SpooledEntry,
  diffId: Digest,
  parent: Digest | undefined,
  progress: Progress,
): Promise<Descriptor> {
  const { digest, file: path } = file;
  if (digest === undefined || path === undefined) throw new BerthError("internal", `${file.name} is not a file`);
  const shown = createLayerProgress(progress, shortId(diffId));
  const mediaType = await layerType(path);
  await deps.layers.unpack({
    source: { blobPath: path },
    expectedDiffId: diffId,
    onProgress: (bytes) => shown.bytes("Loading layer", bytes, file.size),
    ...(parent === undefined ? {} : { parent }),
  });
  shown.bytes("Loading layer", file.size, file.size);
  return { mediaType, digest: await deps.blobs.adopt(file), size: file.size };
}

async function layerType(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
    const compression = detectCompression(buffer.subarray(0, bytesRead));
    if (compression === "xz" || compression === "bzip2")
      throw invalid(`layers compressed with ${compression} are not supported`);
    return { none: mediaTypes.ociLayer, gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd }[compression];
  } finally {
    await file.close();
  }
}

/** Parents that the archive names count only between images of the archive whose histories follow each other. */
async function setParents(deps: ImagesDeps, images: readonly PlannedImage[], ids: readonly Digest[]): Promise<void> {
  for (const [index, image] of images.entries()) {
    const [record, parent] = [ids[index], image.parent].map((id) =>
      id === undefined ? undefined : deps.store.get(id),
    );
    if (record === undefined || parent === undefined || !ids.includes(parent.id) || parent.id === record.id) continue;
    if (!follows(record, parent)) throw invalid(`image ${parent.id} is not a valid parent for ${record.id}`);
    await deps.store.put({ ...record, parent: parent.id });
  }
}

function follows(image: ImageRecord, parent: ImageRecord): boolean {
  const [own, base] = [image.config.history, parent.config.history];
  if (own.length === 0 && base.length === 0) return true;
  return (
    own.length === base.length + 1 && base.every((step, index) => JSON.stringify(step) === JSON.stringify(own[index]))
  );
}
