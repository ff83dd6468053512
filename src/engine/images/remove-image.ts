import { conflict } from "../../lib/index.ts";
import type { ImageDeleteItem } from "../../spec/api/index.ts";
import { type Digest, familiar, parseReference, type Reference } from "../../spec/index.ts";
import { blobsOf, type ImageRecord } from "../../store/index.ts";
import { collectAmong } from "./collect-unused.ts";
import { emitImage, type ImagesDeps } from "./images-context.ts";
import {
  checkUntag,
  isIdPrefix,
  isSingleReference,
  orphanedDigests,
  type RemovalFacts,
  removalConflict,
} from "./remove-plan.ts";
import { resolveImage, storedName } from "./resolve-image.ts";

export interface RemoveOptions {
  force: boolean;
  /** Remove parents too that nothing needs any more. */
  prune: boolean;
  platforms?: string[];
}

/** Removes a name, and the image once it has none, by Docker's rules and with its texts. */
export async function removeImage(deps: ImagesDeps, ref: string, options: RemoveOptions): Promise<ImageDeleteItem[]> {
  const record = resolveImage(deps.store, ref, options.platforms?.[0]);
  const items: ImageDeleteItem[] = [];
  const quiet = isIdPrefix(record.id, ref)
    ? await untagSingle(deps, record, options, items)
    : await untagNamed(deps, record, ref, options, items);
  if (quiet === "done") return items;
  await removeRecord(deps, record, { ...options, quiet: quiet === "quiet" }, items);
  return items;
}

function factsOf({ store, usersOf }: ImagesDeps, id: Digest): RemovalFacts {
  return {
    id,
    references: store.references.of(id),
    hasChildren: store.children(id).length > 0,
    users: usersOf(id),
  };
}

/** By name: the name goes, and with the last tag of a repository its digests. */
async function untagNamed(
  deps: ImagesDeps,
  record: ImageRecord,
  ref: string,
  options: RemoveOptions,
  items: ImageDeleteItem[],
): Promise<"done" | "quiet"> {
  checkUntag(factsOf(deps, record.id), ref, options.force);
  const name = storedName(parseReference(ref));
  const left = deps.store.references.of(record.id).filter((other) => familiar(other) !== familiar(name));
  const orphaned = orphanedDigests(name, left);
  await untag(deps, record.id, [name, ...orphaned], items, 1);
  return left.length > orphaned.length ? "done" : "quiet";
}

/** By id: the names go where they are of one repository; otherwise they are a conflict further on. */
async function untagSingle(
  deps: ImagesDeps,
  record: ImageRecord,
  options: RemoveOptions,
  items: ImageDeleteItem[],
): Promise<"loud"> {
  const facts = factsOf(deps, record.id);
  if (isSingleReference(facts.references)) {
    const found = removalConflict(facts, { force: options.force, ignoreReferences: true });
    if (found !== undefined) throw conflict(found.message);
    await untag(deps, record.id, facts.references, items);
  }
  return "loud";
}

async function untag(
  deps: ImagesDeps,
  id: Digest,
  names: readonly Reference[],
  items: ImageDeleteItem[],
  events = names.length,
): Promise<void> {
  await deps.store.references.change(names.map((reference) => ({ reference, id: undefined })));
  names.forEach((name, index) => {
    if (index < events) emitImage(deps, "untag", id, id);
    items.push({ Untagged: familiar(name) });
  });
}

/** Removes the image and, with `prune`, its parents as far as nothing needs them. */
async function removeRecord(
  deps: ImagesDeps,
  record: ImageRecord,
  options: { force: boolean; prune: boolean; quiet: boolean },
  items: ImageDeleteItem[],
): Promise<void> {
  const facts = factsOf(deps, record.id);
  const found = removalConflict(facts, { force: options.force, ignoreReferences: false });
  if (found !== undefined) {
    const dangling = facts.references.length === 0 && !facts.hasChildren;
    if (options.quiet && (!dangling || found.used)) return;
    throw conflict(found.message);
  }
  await untag(deps, record.id, facts.references, items);
  const layers = await forget(deps, record);
  emitImage(deps, "delete", record.id, record.id);
  items.push({ Deleted: record.id }, ...layers.map((Deleted) => ({ Deleted })));
  const parent = record.parent === undefined ? undefined : deps.store.get(record.parent);
  if (!options.prune || parent === undefined) return;
  await removeRecord(deps, parent, { force: false, prune: true, quiet: true }, items);
}

/**
 * Drops a record and what only it used; gives the chain ids of layers that went. While containers still use the image
 * the record stays, hidden, for their layers.
 */
export async function forget(deps: ImagesDeps, record: ImageRecord): Promise<Digest[]> {
  if (deps.usersOf(record.id).length > 0) {
    await deps.store.put({ ...record, detached: true });
    return [];
  }
  await deps.store.remove(record.id);
  const mine = [...blobsOf(record), ...record.layers.map(({ chainId }) => chainId)];
  return (await collectAmong(deps, mine)).layers;
}
