import { createRegistries, type RegistryClient } from "../registry/index.ts";
import type { RegistryAuth } from "../spec/api/index.ts";
import type { BlobStore, ImageStore } from "../store/index.ts";
import type { LayerStore } from "../store/layers/index.ts";
import type { Trees } from "../store/trees/index.ts";
import type { ContainersContext } from "./containers/context.ts";
import type { Registry } from "./containers/registry.ts";
import type { EngineConfig, EngineLog, ReloadableEngineConfig } from "./engine-config.ts";
import type { EventBus } from "./events/index.ts";
import type { ImageService, ImagesDeps } from "./images/index.ts";
import { resolveImage } from "./images/resolve-image.ts";

export interface ImageParts {
  store: ImageStore;
  blobs: BlobStore;
  layers: LayerStore;
  trees: Pick<Trees, "census">;
  registry: Registry;
  bus: EventBus;
  log: EngineLog;
  config: EngineConfig;
  /** The configuration as the last reload left it. */
  current(): ReloadableEngineConfig;
}

/** Clients for registries, as the configuration of that moment has them. */
export function registriesOf(config: EngineConfig, current: () => ReloadableEngineConfig) {
  return (domain: string, auth: RegistryAuth | undefined): RegistryClient =>
    createRegistries({
      insecureRegistries: current().insecureRegistries,
      mirrors: current().registryMirrors,
      userAgent: `berth/${config.version}`,
    })(domain, auth);
}

/** What the Images service works with. */
export function imageDeps({
  store,
  blobs,
  layers,
  trees,
  registry,
  bus,
  log,
  config,
  current,
}: ImageParts): ImagesDeps {
  return {
    store,
    blobs,
    layers,
    trees,
    registry: registriesOf(config, current),
    usersOf: (imageId) =>
      [...registry.all()]
        .filter((container) => container.record.imageId === imageId)
        .map((container) => ({ containerId: container.id, running: container.run !== undefined })),
    emit: bus.emit,
    version: config.version,
    concurrentDownloads: config.maxConcurrentDownloads,
    warn: log.warn,
  };
}

/** What containers need of images. */
export function imagesForContainers(images: ImageService, store: ImageStore): ContainersContext["images"] {
  const find = (ref: string) => {
    try {
      return resolveImage(store, ref).id;
    } catch {
      return undefined;
    }
  };
  const family = (id: string): string[] => [id, ...store.children(id).flatMap((child) => family(child.id))];
  return {
    resolve: (ref, platform) => images.resolve(ref, platform),
    get: (id) => images.get(id),
    acquire: (id, user) => images.acquire(id, user),
    release: (id, user) => images.release(id, user),
    commit: (options) => images.commit(options),
    family(ref) {
      const id = find(ref);
      return id === undefined ? undefined : family(id);
    },
    nameHolds: (ref, id) => ref === id || find(ref) === id,
  };
}
