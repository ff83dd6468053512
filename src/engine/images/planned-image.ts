import { invalid } from "../../lib/index.ts";
import { type Digest, isDigest, parseReference, type Reference } from "../../spec/index.ts";
import type { SpooledEntry } from "../../store/index.ts";

/** An image of an archive, found but not verified beyond its documents' digests. */
export interface PlannedImage {
  config: Buffer;
  /** Lowest first; as many as the config has diff ids is checked when it is loaded. */
  layers: SpooledEntry[];
  /** The names that the archive gives this image, and no other. */
  tags: Reference[];
  /** The document that lists these layers, where the archive is an OCI layout. */
  manifest?: { bytes: Buffer; mediaType: string; digest: Digest };
  parent?: Digest;
}

/** A name that an archive may set: with a tag, without a digest. */
export function tagged(text: string): Reference {
  const reference = parseReference(text);
  if (reference.tag === undefined || reference.digest !== undefined)
    throw invalid(`invalid tag ${JSON.stringify(text)}`);
  return reference;
}

/** For documents that name a digest: the digest, or "invalid". */
export function digestIn(text: string, where: string): Digest {
  const given: unknown = text;
  if (!isDigest(given)) throw invalid(`${where} is not a digest: ${JSON.stringify(text.slice(0, 100))}`);
  return text;
}
