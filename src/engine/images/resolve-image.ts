import { notFound } from "../../lib/index.ts";
import {
  type Digest,
  familiar,
  formatPlatform,
  type Platform,
  parseAnyReference,
  parsePlatform,
  type Reference,
  satisfiesPlatform,
  withDefaultTag,
} from "../../spec/index.ts";
import type { ImageRecord, ImageStore } from "../../store/index.ts";

/**
 * The image that a user means: by full id, by name with tag ("latest" unless given) or digest, or by the unique
 * beginning of an id. Kinds: "invalid" for what is no reference, "not-found" with Docker's text otherwise, also where
 * the image is for another platform than the one asked for.
 */
export function resolveImage(store: ImageStore, text: string, platform?: string): ImageRecord {
  const record = find(store, text);
  if (platform === undefined || platform === "") return record;
  const wanted = parsePlatform(platform);
  const have = platformOf(record);
  // Many configs leave the variant out: then operating system and architecture decide.
  const bare = have.variant === undefined && have.os === wanted.os && have.architecture === wanted.architecture;
  if (bare || satisfiesPlatform(have, wanted)) return record;
  throw notFound(
    `image with reference ${text} was found but its platform (${formatPlatform(have)}) does not match the specified platform (${formatPlatform(wanted)})`,
  );
}

export function platformOf(record: ImageRecord): Platform {
  const { os, architecture, variant } = record.config;
  return { os: os || "linux", architecture, ...(variant ? { variant } : {}) };
}

/** Under which key a name is kept: a digest outdoes a tag, and a bare name means "latest". */
export function storedName(reference: Reference): Reference {
  const { domain, path, digest } = reference;
  return digest === undefined ? withDefaultTag(reference) : { domain, path, digest };
}

function find(store: ImageStore, text: string): ImageRecord {
  const parsed = parseAnyReference(text);
  if ("id" in parsed) return present(store, parsed.id) ?? missing(parsed.id);
  const named = present(store, store.references.get(storedName(parsed.reference)));
  return named ?? present(store, store.find(text)) ?? missing(familiar(withDefaultTag(parsed.reference)));
}

function present(store: ImageStore, id: Digest | undefined): ImageRecord | undefined {
  const record = id === undefined ? undefined : store.get(id);
  return record?.detached ? undefined : record;
}

function missing(name: string): never {
  throw notFound(`No such image: ${name}`);
}
