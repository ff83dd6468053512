import { rm } from "node:fs/promises";
import { join } from "node:path";
import { deferred, randomHex } from "../../lib/index.ts";
import { type Digest, mediaTypes } from "../../spec/index.ts";
import type { BlobStore, Lease } from "../../store/index.ts";
import type { LayerDraft, LayerStore } from "../../store/layers/index.ts";
import type { StackLayer } from "../cache/step-record.ts";
import type { Roots, TreeLayer } from "./tree.ts";

export interface SealDeps {
  readonly layers: LayerStore;
  readonly blobs: BlobStore;
  readonly roots: Roots;
  background(what: string, work: () => Promise<unknown>): void;
}

export interface SealOptions {
  readonly draft: LayerDraft;
  readonly below: TreeLayer | undefined;
  readonly epoch: bigint;
  /** The time of everything, not only of what is later. */
  readonly exactTime: boolean;
  readonly lease: Lease;
  readonly onSealed: (layer: StackLayer, size: number) => void;
}

/** Begins to make a layer of what a step has written. The next step need not wait for it. */
export function sealLayer(deps: SealDeps, { draft, below, epoch, exactTime, lease, onSealed }: SealOptions): TreeLayer {
  const { layers, blobs, roots } = deps;
  let path = draft.path;
  const chain = deferred<Digest>();
  const seal = async (): Promise<StackLayer> => {
    const blobPath = join(blobs.root, "ingest", `tmp-${randomHex(8)}`);
    const { layer, moved, blob } = await layers.adopt(draft, {
      ...(below === undefined ? {} : { parent: below.chainId }),
      blobPath,
      clampTime: epoch,
      exactTime,
      onMove: (place) => {
        path = place;
      },
    });
    lease.hold(layer.chainId, blob.digest);
    if (!moved) {
      path = layer.path;
      // A mount may still stand on it.
      deps.background("remove a layer that was there already", async () => {
        await roots.unused(draft.path);
        await layers.discard(draft);
      });
    }
    chain.resolve(layer.chainId);
    const digest = await blobs.adopt({ name: "layer", digest: blob.digest, file: blobPath, size: blob.bytes });
    // It is there still where the store had that blob.
    await rm(blobPath, { force: true });
    const { chainId, diffId, size } = layer;
    const sealed = { chainId, diffId, blob: { mediaType: mediaTypes.ociLayerZstd, digest, size: blob.bytes } };
    onSealed(sealed, size);
    return sealed;
  };
  const sealed = seal();
  chain.promise.catch(() => {});
  sealed.catch((error: unknown) => {
    chain.reject(error);
    if (path !== draft.path) return;
    deps.background("remove a step's layer", async () => {
      await roots.unused(draft.path);
      await layers.discard(draft);
    });
  });
  return {
    get path() {
      return path;
    },
    sealed,
    chainId: chain.promise,
  };
}
