import { invalid } from "../../lib/index.ts";
import type { RegistryAuth } from "../../spec/api/index.ts";
import {
  type Digest,
  digestOf,
  familiar,
  familiarName,
  hostPlatform,
  type ImageConfig,
  isDigest,
  isTag,
  type Platform,
  parseImageConfig,
  parsePlatform,
  parseReference,
  type Reference,
} from "../../spec/index.ts";
import type { Lease } from "../../store/index.ts";
import type { Progress } from "../engine.ts";
import { fetchSmallBlob } from "./download-blob.ts";
import type { ImageRegistry, ImagesDeps } from "./images-context.ts";
import { type PullResources, pullLayers } from "./pull-layers.ts";
import { type PulledManifest, pullManifest } from "./pull-manifest.ts";
import { resolveImage, storedName } from "./resolve-image.ts";
import { saveRecord } from "./save-record.ts";
import { nameImage } from "./tag-image.ts";

export interface PullOptions {
  image: string;
  tag?: string;
  platform?: string;
  auth?: RegistryAuth;
}

/** Most tags that a pull of all of them follows. */
const tagLimit = 10_000;
const configLimit = 4 * 1024 * 1024;

interface Pull {
  deps: ImagesDeps;
  resources: PullResources;
  registry: ImageRegistry;
  platform: Platform;
  progress: Progress;
  signal: AbortSignal;
  lease: Lease;
}

/**
 * Pulls one image, or without a tag all tags of a repository, with Docker's messages. An image counts when all of it
 * is there and has proved right; what was verified before a failure is kept for the next pull.
 */
export async function pullImage(
  deps: ImagesDeps,
  resources: PullResources,
  options: PullOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const reference = targetOf(options);
  const platform = options.platform ? parsePlatform(options.platform) : hostPlatform();
  const registry = deps.registry(reference.domain, options.auth);
  const lease = deps.store.leases.take();
  const pull: Pull = { deps, resources, registry, platform, progress, signal, lease };
  try {
    const whole = reference.tag === undefined && reference.digest === undefined;
    let updated = false;
    let id: Digest | undefined;
    for (const one of whole ? await allTags(pull, reference) : [reference]) {
      const result = await pullOne(pull, one);
      id = result.id;
      updated = updated || result.updated;
    }
    const state = updated ? "Downloaded newer image for" : "Image is up to date for";
    progress({ status: `Status: ${state} ${familiar(reference)}` });
    if (options.platform) checkPlatform(pull, reference, options.platform);
    const labels = id === undefined ? {} : (deps.store.get(id)?.config.config.Labels ?? {});
    deps.emit("image", "pull", familiar(reference), { ...labels, name: familiarName(reference) });
  } finally {
    lease.release();
    registry.close();
  }
}

/** A tag that names one manifest gives that, whatever platform was asked for: it is here now, but that is an error. */
function checkPlatform({ deps }: Pull, reference: Reference, platform: string): void {
  if (reference.tag !== undefined || reference.digest !== undefined)
    resolveImage(deps.store, familiar(reference), platform);
}

/** What is asked for: a name with a tag or digest in it or beside it; with neither, all tags are meant. */
function targetOf({ image, tag }: PullOptions): Reference {
  const reference = parseReference(image);
  if (familiarName(reference) === "scratch") throw invalid("'scratch' is a reserved name");
  if (tag === undefined || tag === "") return reference.digest === undefined ? reference : storedName(reference);
  const { domain, path } = reference;
  if (isDigest(tag)) return { domain, path, digest: tag };
  if (!isTag(tag)) throw invalid("invalid tag format");
  return { domain, path, tag };
}

async function allTags({ registry, signal }: Pull, reference: Reference): Promise<Reference[]> {
  const tags = await registry.listTags(reference.path, { signal });
  if (tags.length > tagLimit) throw invalid(`the repository has more than ${tagLimit} tags`);
  return tags.filter(isTag).map((tag) => ({ domain: reference.domain, path: reference.path, tag }));
}

async function pullOne(pull: Pull, reference: Reference): Promise<{ id: Digest; updated: boolean }> {
  const { deps, progress, registry, platform, signal } = pull;
  const label = reference.digest ?? reference.tag ?? "";
  const found = await pullManifest(registry, reference, platform, signal, () =>
    progress({ status: `Pulling from ${reference.path}`, id: label }),
  );
  const id = found.manifest.config.digest;
  pull.lease.hold(id, found.digest);
  if (!isComplete(deps, id)) await bringIn(pull, reference, found);
  progress({ status: `Digest: ${found.named}` });
  const updated = deps.store.references.get(reference) !== id;
  const { domain, path } = reference;
  await nameImage(deps, id, [{ domain, path, digest: found.named }, storedName(reference)]);
  return { id, updated };
}

/** Whether an image is here with all its layers: then there is nothing to download. */
function isComplete({ store, layers }: ImagesDeps, id: Digest): boolean {
  const record = store.get(id);
  return record?.layers.every(({ chainId }) => layers.get(chainId) !== undefined) ?? false;
}

async function bringIn(pull: Pull, reference: Reference, found: PulledManifest): Promise<void> {
  const { deps, resources, registry, signal, progress, lease } = pull;
  const { manifest } = found;
  const config = await pullConfig(pull, reference, found);
  const parsed = parseImageConfig(config);
  checkConfig(parsed, manifest.layers.length);
  const blobs = await pullLayers(deps, resources, {
    registry,
    repository: reference.path,
    layers: manifest.layers,
    diffIds: parsed.rootfs.diff_ids,
    lease,
    signal,
    progress,
  });
  signal.throwIfAborted();
  await deps.blobs.put(found.bytes, found.digest);
  const id = await deps.blobs.put(config, manifest.config.digest);
  await saveRecord(deps, { id, config: parsed, blobs, manifest: found.digest, mediaType: manifest.mediaType });
}

async function pullConfig(pull: Pull, reference: Reference, { manifest }: PulledManifest): Promise<Buffer> {
  const { deps, resources, registry, signal } = pull;
  if (deps.blobs.has(manifest.config.digest)) return deps.blobs.read(manifest.config.digest, configLimit);
  const options = {
    repository: reference.path,
    blob: manifest.config,
    signal,
    sink: { status: () => {}, bytes: () => {} },
    retryDelay: resources.retryDelay,
  };
  return fetchSmallBlob(registry, options, configLimit, digestOf);
}

function checkConfig(config: ImageConfig, layers: number): void {
  const os = config.os || "linux";
  if (os !== "linux")
    throw invalid(
      `image operating system ${JSON.stringify(os)} cannot be used on this platform: operating system is not supported`,
    );
  if (config.rootfs.diff_ids.length !== layers) throw invalid("layers from manifest don't match image configuration");
}
