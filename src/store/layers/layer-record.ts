import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Digest, isDigest, parseDigest } from "../../spec/index.ts";

/** `layer.json`, beside a layer's `diff` directory. */
export interface LayerRecord {
  schema: 1;
  chainId: Digest;
  parent?: Digest;
  diffId: Digest;
  /** Bytes of its files, as Docker counts. */
  size: number;
  /** Bytes of its tar. */
  tarBytes: number;
  /** Its tar tells times as `PackTreeOptions` has them: nanoseconds, in decimal. */
  clampTime?: string;
  exactTime?: boolean;
  /** The boot in which it was unpacked, and whether it has reached the disk since. */
  bootId: string;
  synced: boolean;
}

/** OCI image specification, "Layer ChainID": of the lowest layer its diff id, above it a digest of both. */
export function chainIdOf(parent: Digest | undefined, diffId: Digest): Digest {
  if (parent === undefined) return diffId;
  return `sha256:${createHash("sha256").update(`${parent} ${diffId}`).digest("hex")}`;
}

/** The folder of a layer. It is short because an overlay mount names all its layers in one page. */
export const folderOf = (chainId: Digest) => parseDigest(chainId).hex.slice(0, 16);

/** The record in this text if it is whole and may be trusted: one that was not synced counts only until a reboot. */
export function parseLayerRecord(text: string, bootId: string): LayerRecord | undefined {
  let record: Partial<LayerRecord> | null;
  try {
    record = JSON.parse(text) as Partial<LayerRecord> | null;
  } catch {
    return undefined;
  }
  if (typeof record !== "object" || record?.schema !== 1) return undefined;
  const { chainId, parent, diffId, size, tarBytes } = record;
  if (!isDigest(chainId) || !isDigest(diffId) || (parent !== undefined && !isDigest(parent))) return undefined;
  if (typeof size !== "number" || typeof tarBytes !== "number") return undefined;
  if (chainIdOf(parent, diffId) !== chainId) return undefined;
  if (record.synced !== true && record.bootId !== bootId) return undefined;
  return record as LayerRecord;
}

/** Differs after each boot of the machine. */
export const readBootId = () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
