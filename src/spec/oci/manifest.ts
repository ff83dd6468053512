import { invalid } from "../../lib/index.ts";
import { asDescriptor, type Descriptor } from "./descriptor.ts";
import {
  asInteger,
  asString,
  compact,
  type JsonObject,
  listOf,
  mapOf,
  optional,
  parseObject,
  required,
} from "./document.ts";
import { indexTypes, manifestTypes, mediaTypes } from "./media-types.ts";

/** One image: its config and its layers, the lowest first. */
export interface Manifest {
  schemaVersion: 2;
  /** Of the document itself: what the registry or the descriptor said, and not contradicted by its content. */
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  artifactType?: string;
  subject?: Descriptor;
  annotations?: Record<string, string>;
}

/** Manifests by platform. */
export interface Index {
  schemaVersion: 2;
  mediaType: string;
  manifests: Descriptor[];
  artifactType?: string;
  subject?: Descriptor;
  annotations?: Record<string, string>;
}

const layerLimit = 1000;
const manifestLimit = 4096;

/**
 * Reads an image manifest. `mediaType` is what the registry or a descriptor calls it; where that is undefined, the
 * document's own field decides. Throws "invalid" where the content contradicts the type, so that one digest never
 * means two things (CVE-2021-41190).
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string): Manifest {
  const object = parseObject(bytes, "manifest");
  const type = agreedType(object, mediaType, manifestTypes, "manifest");
  if (object.manifests !== undefined) throw invalid("manifest has a list of manifests: its media type is wrong");
  return compact({
    schemaVersion: 2 as const,
    mediaType: type,
    config: required(object, "config", "manifest", asDescriptor),
    layers: optional(object, "layers", "manifest", listOf(asDescriptor, layerLimit)) ?? [],
    ...extras(object, "manifest"),
  });
}

/** Reads an index (manifest list) under the same rules as parseManifest. */
export function parseIndex(bytes: Uint8Array, mediaType?: string): Index {
  const object = parseObject(bytes, "index");
  const type = agreedType(object, mediaType, indexTypes, "index");
  if (object.config !== undefined || object.layers !== undefined)
    throw invalid("index has a config or layers: its media type is wrong");
  return compact({
    schemaVersion: 2 as const,
    mediaType: type,
    manifests: optional(object, "manifests", "index", listOf(asDescriptor, manifestLimit)) ?? [],
    ...extras(object, "index"),
  });
}

/** Reads whichever of the two the media type says; without one, what the document says or looks like. */
export function parseManifestOrIndex(
  bytes: Uint8Array,
  mediaType?: string,
): { kind: "manifest"; manifest: Manifest } | { kind: "index"; index: Index } {
  const object = parseObject(bytes, "manifest");
  const type = mediaType ?? (typeof object.mediaType === "string" ? object.mediaType : undefined);
  const isIndex = type === undefined ? object.manifests !== undefined : indexTypes.includes(type);
  return isIndex
    ? { kind: "index", index: parseIndex(bytes, mediaType) }
    : { kind: "manifest", manifest: parseManifest(bytes, mediaType) };
}

function extras(object: JsonObject, at: string) {
  return {
    artifactType: optional(object, "artifactType", at, asString),
    subject: optional(object, "subject", at, asDescriptor),
    annotations: optional(object, "annotations", at, mapOf(asString, 1000)),
  };
}

function agreedType(object: JsonObject, given: string | undefined, allowed: readonly string[], what: string): string {
  if (
    object.schemaVersion === 1 ||
    given === mediaTypes.dockerManifestV1 ||
    given === mediaTypes.dockerManifestV1Signed
  )
    throw invalid(
      "Docker Image Format v1 and Docker Image manifest version 2, schema 1 are not supported: push the image again with a current client",
    );
  if (required(object, "schemaVersion", what, asInteger) !== 2)
    throw invalid(`${what} has schema version ${String(object.schemaVersion)}, not 2`);
  const own = optional(object, "mediaType", what, asString);
  const type = given ?? own ?? allowed[0] ?? "";
  if (!allowed.includes(type)) throw invalid(`unsupported manifest media type ${JSON.stringify(type.slice(0, 200))}`);
  if (own !== undefined && own !== type)
    throw invalid(`${what} says that it is ${JSON.stringify(own.slice(0, 200))}, but it was given as "${type}"`);
  // Docker's schema 2 has the field always; without it the same bytes could pass as the OCI document.
  if (own === undefined && type.includes(".docker."))
    throw invalid(`${what} of type "${type}" does not state its media type`);
  return type;
}
