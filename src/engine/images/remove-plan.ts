import { conflict } from "../../lib/index.ts";
import { type Reference, repositoryName } from "../../spec/index.ts";
import { type ImageUser, shortId } from "./images-context.ts";

/** What the rules of removal look at. */
export interface RemovalFacts {
  id: string;
  references: readonly Reference[];
  hasChildren: boolean;
  users: readonly ImageUser[];
}

/**
 * Whether all names are of one repository with at most one tag: then removing by id removes them too, and removing
 * the tag would leave the image without a name.
 */
export function isSingleReference(references: readonly Reference[]): boolean {
  if (references.length <= 1) return references.length === 1;
  const tagged = references.filter(({ digest }) => digest === undefined);
  if (tagged.length > 1) return false;
  const repositories = new Set(references.filter(({ digest }) => digest !== undefined).map(repositoryName));
  const single = tagged[0] ?? references[0];
  return repositories.size === 1 && single !== undefined && repositories.has(repositoryName(single));
}

/** Throws where the only name of an image that a container uses would be removed without force. */
export function checkUntag(facts: RemovalFacts, asked: string, force: boolean): void {
  const [user] = facts.users;
  if (force || user === undefined || !isSingleReference(facts.references)) return;
  throw conflict(
    `conflict: unable to remove repository reference "${asked}" (must force) - container ${shortId(user.containerId)} is using its referenced image ${shortId(facts.id)}`,
  );
}

/** The names that go with a tag: digests of its repository once no tag of that repository is left. */
export function orphanedDigests(removed: Reference, left: readonly Reference[]): Reference[] {
  if (removed.digest !== undefined) return [];
  const same = left.filter((name) => repositoryName(name) === repositoryName(removed));
  return same.some(({ digest }) => digest === undefined) ? [] : same;
}

export interface RemovalConflict {
  /** Containers stand in the way, not other images or names. */
  used: boolean;
  message: string;
}

/** What forbids the removal of the image itself, the gravest first; undefined where nothing does. */
export function removalConflict(
  facts: RemovalFacts,
  options: { force: boolean; ignoreReferences: boolean },
): RemovalConflict | undefined {
  const text = (hard: boolean, why: string): string =>
    `conflict: unable to delete ${shortId(facts.id)} (${hard ? "cannot be forced" : "must be forced"}) - ${why}`;
  if (facts.hasChildren) return { used: false, message: text(true, "image has dependent child images") };
  const running = facts.users.find((user) => user.running);
  if (running !== undefined) {
    const why = `image is being used by running container ${shortId(running.containerId)}`;
    return { used: true, message: text(true, why) };
  }
  if (options.force) return undefined;
  if (!options.ignoreReferences && facts.references.length > 0)
    return { used: false, message: text(false, "image is referenced in multiple repositories") };
  const [stopped] = facts.users;
  if (stopped === undefined) return undefined;
  return {
    used: true,
    message: text(false, `image is being used by stopped container ${shortId(stopped.containerId)}`),
  };
}

/** Whether the text of a removal is the beginning of the image's id and not a name. */
export function isIdPrefix(id: string, text: string): boolean {
  return id.startsWith(text) || id.startsWith(text, 7);
}
