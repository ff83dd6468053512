import { invalid, nowNano, rfc3339Nano } from "../../lib/index.ts";
import {
  type Digest,
  familiar,
  familiarName,
  parseReference,
  type Reference,
  withDefaultTag,
} from "../../spec/index.ts";
import { emitImage, type ImagesDeps } from "./images-context.ts";

import { resolveImage } from "./resolve-image.ts";

/** Gives an image a further name, taking it from the image that had it. */
export async function tagImage(deps: ImagesDeps, ref: string, target: string): Promise<void> {
  const record = resolveImage(deps.store, ref);
  await setTag(deps, record.id, parseTarget(target));
}

/** A name that an image can be given: no digest, and not one that reads as a digest. Throws "invalid". */
export function parseTarget(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest !== undefined) throw invalid("refusing to create a tag with a digest reference");
  if (familiarName(reference) === "sha256")
    throw invalid("refusing to create an ambiguous tag using digest algorithm as name");
  return withDefaultTag(reference);
}

/** Sets names durably, all at once, and notes the time where one is new. Nothing is said: that is the verb's to do. */
export async function nameImage(deps: ImagesDeps, id: Digest, names: readonly Reference[]): Promise<void> {
  const fresh = names.filter((name) => deps.store.references.get(name) !== id);
  if (fresh.length === 0) return;
  await deps.store.references.change(fresh.map((reference) => ({ reference, id })));
  const record = deps.store.get(id);
  if (record === undefined) return;
  const { detached: _, ...kept } = record; // with a name it is an image like any other again
  await deps.store.put({ ...kept, lastTagTime: rfc3339Nano(nowNano()) });
}

/** Sets a name durably, notes the time and says so. */
export async function setTag(deps: ImagesDeps, id: Digest, target: Reference): Promise<void> {
  await nameImage(deps, id, [target]);
  emitImage(deps, "tag", id, familiar(target));
}
