import type { Descriptor, Digest, Platform } from "../../spec/index.ts";
import type { BlobStore, Leases } from "../../store/index.ts";

/** What a build has made for one platform. Its layers' blobs are in the store. */
export interface BuiltImage {
  readonly platform: Platform;
  /** The image's config, as its id hashes it. */
  readonly config: Buffer;
  /** The lowest first. */
  readonly layers: readonly { diffId: Digest; blob: Descriptor }[];
}

export interface OutputDeps {
  readonly blobs: BlobStore;
  readonly leases: Leases;
}
