import { invalid } from "../../lib/index.ts";
import { type Digest, isDigest } from "../digest.ts";
import { normalisePlatform, type Platform } from "../platform.ts";
import { asObject, asSize, asString, compact, listOf, mapOf, optional, required } from "./document.ts";

/** A pointer to a blob by type, digest and size in bytes (OCI image specification, "descriptor"). */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  size: number;
  urls?: string[];
  annotations?: Record<string, string>;
  artifactType?: string;
  /** Only in an index: what the manifest is for. */
  platform?: Platform;
}

/** Reads a descriptor; its digest has been parsed, its size is a non-negative integer. */
export function asDescriptor(value: unknown, at: string): Descriptor {
  const object = asObject(value, at);
  return compact({
    mediaType: required(object, "mediaType", at, asMediaType),
    digest: required(object, "digest", at, asDigest),
    size: required(object, "size", at, asSize),
    urls: optional(object, "urls", at, listOf(asString, 64)),
    annotations: optional(object, "annotations", at, mapOf(asString, 1000)),
    artifactType: optional(object, "artifactType", at, asString),
    platform: optional(object, "platform", at, asPlatform),
  });
}

export function asDigest(value: unknown, at: string): Digest {
  if (!isDigest(value)) throw invalid(`${at} is not a digest: ${JSON.stringify(value)?.slice(0, 100)}`);
  return value;
}

function asMediaType(value: unknown, at: string): string {
  const text = asString(value, at);
  if (text.length > 255 || !/^[\x21-\x7e]+$/.test(text)) throw invalid(`${at} is not a media type`);
  return text;
}

function asPlatform(value: unknown, at: string): Platform {
  const object = asObject(value, at);
  return normalisePlatform({
    os: optional(object, "os", at, asString) ?? "",
    architecture: optional(object, "architecture", at, asString) ?? "",
    variant: optional(object, "variant", at, asString) ?? "",
  });
}
