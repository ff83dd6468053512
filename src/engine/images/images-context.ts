import type { RegistryClient } from "../../registry/index.ts";
import type { RegistryAuth } from "../../spec/api/index.ts";
import type { Digest } from "../../spec/index.ts";
import type { BlobStore, ImageStore } from "../../store/index.ts";
import type { LayerStore } from "../../store/layers/index.ts";
import type { Trees } from "../../store/trees/index.ts";

/** What Images needs of the layer store. */
export type ImageLayers = Pick<LayerStore, "get" | "list" | "unpack" | "remove">;

/** What Images needs of a registry's client; it is closed when the pull is over. */
export type ImageRegistry = Pick<RegistryClient, "resolve" | "fetchBlob" | "listTags" | "close">;

export interface ImageUser {
  containerId: string;
  running: boolean;
}

export interface ImagesDeps {
  store: ImageStore;
  blobs: BlobStore;
  layers: ImageLayers;
  trees: Pick<Trees, "census">;
  registry(domain: string, auth: RegistryAuth | undefined): ImageRegistry;
  /** Containers that were made from an image, running ones and others. */
  usersOf(imageId: Digest): readonly ImageUser[];
  emit(type: "image", action: string, id: string, attributes: Record<string, string>): void;
  /** What is written into imported images as docker_version. */
  version: string;
  /** Layers of one pull that download at once; 3 unless given, as Docker's max-concurrent-downloads. */
  concurrentDownloads?: number;
  /** Seconds before a download is tried a third time, then twice that …; 5 unless given. */
  retryDelay?: number;
  warn?(message: string): void;
}

/** A message about an image: its labels and `name` are the attributes, as Docker's events have them. */
export function emitImage(deps: ImagesDeps, action: string, id: Digest, name: string): void {
  const labels = deps.store.get(id)?.config.config.Labels ?? {};
  deps.emit("image", action, id, { ...labels, name });
}

/** The first 12 hex digits, as Docker shows an id. */
export function shortId(id: string): string {
  const colon = id.indexOf(":");
  return id.slice(colon + 1, colon + 13);
}
