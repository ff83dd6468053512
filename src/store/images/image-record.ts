import { createHash } from "node:crypto";
import type { Descriptor, Digest, ImageConfig } from "../../spec/index.ts";

/** One layer of an image: its uncompressed tar (`diffId`), its place on the layers below it (`chainId`), its blob. */
export interface ImageLayer {
  diffId: Digest;
  chainId: Digest;
  /** As received or as made: its media type tells the compression. */
  blob: Descriptor;
}

/** What the store knows of an image: `images/<hex>.json`. */
export interface ImageRecord {
  schema: 1;
  /** Digest of the config, which is a blob. */
  id: Digest;
  /** The manifest that it was pulled or loaded by; a blob. Imported images have none. */
  manifest?: Digest;
  /** Media type of the manifest, or of the config where there is no manifest. */
  mediaType: string;
  /** RFC 3339; "" where the config does not say. */
  created: string;
  /** Bytes of the files in all layers. */
  size: number;
  /** The config, parsed: at hand without reading a blob. */
  config: ImageConfig;
  /** The lowest first. */
  layers: ImageLayer[];
  parent?: Digest;
  /** RFC 3339 with nanoseconds; undefined where it was never tagged here. */
  lastTagTime?: string;
  /** Removed by force while containers still use it: hidden, and gone with the last of them. */
  detached?: true;
}

/** The chain ids of a stack of layers, the lowest first (OCI image specification, "layer chain id"). */
export function chainIdsOf(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(
      below === undefined ? diffId : `sha256:${createHash("sha256").update(`${below} ${diffId}`).digest("hex")}`,
    );
  }
  return chain;
}

/** Every blob that an image needs: config, manifest, layers. */
export function blobsOf(record: ImageRecord): Digest[] {
  const manifest = record.manifest === undefined ? [] : [record.manifest];
  return [record.id, ...manifest, ...record.layers.map(({ blob }) => blob.digest)];
}
