import { notFound } from "../../lib/index.ts";
import {
  formatReference,
  parseAnyReference,
  type Reference,
  repositoryName,
  withDefaultTag,
} from "../../spec/index.ts";
import type { ImageRecord, ImageStore } from "../../store/index.ts";
import { resolveImage } from "./resolve-image.ts";

/** An image to be saved and the names by which it was asked for. */
export interface SavedImage {
  record: ImageRecord;
  tags: Reference[];
}

/**
 * What `save` of these names means: a name with tag is that name, a bare repository all its tags, an id the image
 * without names. Each image once. Kind "not-found" with Docker's texts.
 */
export function selectForSave(store: ImageStore, names: readonly string[], platform?: string): SavedImage[] {
  const chosen = new Map<string, SavedImage>();
  const add = (record: ImageRecord, tag?: Reference): void => {
    const image = chosen.get(record.id) ?? { record, tags: [] };
    chosen.set(record.id, image);
    if (tag === undefined || tag.digest !== undefined) return;
    if (!image.tags.some((other) => formatReference(other) === formatReference(tag))) image.tags.push(tag);
  };
  for (const name of names) {
    const parsed = parseAnyReference(name);
    if ("id" in parsed) add(resolveImage(store, name, platform));
    else for (const { record, tag } of named(store, name, parsed.reference, platform)) add(record, tag);
  }
  return [...chosen.values()];
}

function named(
  store: ImageStore,
  text: string,
  reference: Reference,
  platform: string | undefined,
): { record: ImageRecord; tag?: Reference }[] {
  if (reference.tag !== undefined || reference.digest !== undefined) {
    if (store.references.get(withDefaultTag(reference)) === undefined && reference.digest === undefined)
      throw notFound("reference does not exist");
    return [{ record: resolveImage(store, text, platform), tag: reference }];
  }
  const all = store.references.all().filter((entry) => repositoryName(entry.reference) === repositoryName(reference));
  if (all.length > 0)
    return all.map((entry) => ({ record: resolveImage(store, entry.id, platform), tag: entry.reference }));
  const id = store.find(text);
  if (id === undefined) throw notFound(`No such image: ${text}`);
  return [{ record: resolveImage(store, id, platform) }];
}
