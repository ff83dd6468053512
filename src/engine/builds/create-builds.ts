import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openSyncedFolders } from "../../build/context/index.ts";
import {
  createBuilder,
  createFileOps,
  createFileWork,
  createRemoteSources,
  createStepNetwork,
  createSteps,
  openCacheMounts,
  openStepCache,
} from "../../build/index.ts";
import { readAll } from "../../lib/index.ts";
import type { ImageStore } from "../../store/index.ts";
import type { LayerStore } from "../../store/layers/index.ts";
import type { ContainersContext } from "../containers/context.ts";
import type { Builds } from "../engine.ts";
import type { Host } from "../host.ts";
import type { ImageService, ImagesDeps } from "../images/index.ts";
import type { BuildsDeps } from "./builds-deps.ts";
import { cacheRecords } from "./cache-usage.ts";
import { classicBuild } from "./classic-build.ts";
import { graphBuild } from "./graph-build.ts";
import { ceilingOf, pruneCache } from "./prune-cache.ts";

export interface BuildsParts {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly context: ContainersContext;
  readonly host: Host;
  readonly layers: LayerStore;
  readonly store: ImageStore;
  readonly images: ImageService;
  readonly imageParts: ImagesDeps;
  readonly registry: BuildsDeps["registry"];
}

export interface RunningBuilds extends Builds {
  close(): Promise<void>;
}

/** More than a manifest of a million files. */
const MANIFEST_BYTES = 512 * 1024 * 1024;
/** Milliseconds between two looks at the ceiling. */
const SWEEP = 10 * 60 * 1000;

/** Opens the build cache and clears what an earlier daemon's builds have left. */
export async function createBuilds(parts: BuildsParts): Promise<RunningBuilds> {
  const { dataRoot, execRoot, context, host, layers, store, images, imageParts } = parts;
  const { trees, archives, packer, background, warn, settings } = context;
  const root = join(dataRoot, "build");
  const folder = join(execRoot, "build");
  const scratch = join(root, "scratch");
  for (const path of [root, folder, scratch]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const caches = await openCacheMounts({ folder: join(root, "mounts"), trees });
  const { blobs } = imageParts;
  const lease = store.leases.keep();
  const isThere = (layer: { chainId: string; blob: { digest: string } }) =>
    layers.get(layer.chainId) !== undefined && blobs.has(layer.blob.digest);
  const cache = await openStepCache({ folder: join(root, "cache"), lease, isThere, now: Date.now, warn });
  const network = createStepNetwork({
    networking: context.networking,
    resolver: context.names.resolver,
    dns: settings.dns,
    background,
  });
  const steps = createSteps({
    runtime: context.runtime,
    machine: host.machine,
    defaults: settings.spec,
    folder,
    scratch,
    layers,
    cgroupParent: settings.cgroupParent || "berth",
    network,
    caches,
    trees,
    background,
    warn,
  });
  await steps.recover();
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  const jobs = createFileOps({ archives });
  const remote = createRemoteSources({ folder: join(root, "remote") });
  const files = createFileWork(jobs, remote);
  const builder = createBuilder({ layers, blobs, leases: store.leases, cache, steps, files, folder, background });
  const contexts = await openSyncedFolders(join(root, "contexts"));
  const deps: BuildsDeps = {
    builder,
    cache,
    steps,
    caches,
    contexts,
    remote,
    registry: parts.registry,
    images,
    imageParts,
    layers,
    packer,
    archives,
    trees,
    scratch,
    folder,
    background,
    warn,
  };
  const sweep = () => {
    const { maxUsedSpace, minFreeSpace, reservedSpace } = ceilingOf(scratch);
    const bounds = { reserved: reservedSpace, maxUsed: maxUsedSpace, minFree: minFreeSpace };
    return pruneCache(deps, { all: true, filters: new Map(), ...bounds });
  };
  const timer = setInterval(() => background("the build cache's ceiling", sweep), SWEEP).unref();
  return {
    classic: (build, body, print, signal) => classicBuild(deps, build, body, print, signal),
    graph: (input, output, signal) => graphBuild(deps, input, output, signal),
    syncContext: async (key, manifest) => contexts.sync(key, await readAll(manifest, MANIFEST_BYTES)),
    fillContext: (id, archive) => contexts.receive(id, archive as AsyncIterable<Buffer>),
    prune: (options) => pruneCache(deps, options),
    cache: async () => ({ records: await cacheRecords(deps), ceiling: ceilingOf(scratch) }),
    async close() {
      clearInterval(timer);
      await cache.flush();
      await jobs.close();
      remote.close();
    },
  };
}
