import type { SyncedFolders } from "../../build/context/index.ts";
import type { Builder, CacheMounts, RemoteSources, StepCache, Steps } from "../../build/index.ts";
import type { RegistryClient } from "../../registry/index.ts";
import type { RegistryAuth } from "../../spec/api/index.ts";
import type { LayerStore, Packer } from "../../store/layers/index.ts";
import type { Archives, Trees } from "../../store/trees/index.ts";
import type { ImageService, ImagesDeps } from "../images/index.ts";

/** What builds work with. */
export interface BuildsDeps {
  readonly builder: Builder;
  readonly cache: StepCache;
  readonly steps: Steps;
  readonly caches: CacheMounts;
  readonly contexts: SyncedFolders;
  readonly remote: RemoteSources;
  /** A registry's client with these credentials; the caller closes it. */
  readonly registry: (domain: string, auth: RegistryAuth | undefined) => RegistryClient;
  readonly images: ImageService;
  readonly imageParts: ImagesDeps;
  readonly layers: LayerStore;
  readonly packer: Packer;
  readonly archives: Archives;
  readonly trees: Trees;
  /** In the data root: contexts that last as long as their build. */
  readonly scratch: string;
  /** In the exec root. */
  readonly folder: string;
  background(what: string, work: () => Promise<unknown>): void;
  warn(message: string): void;
}
