import { invalid, notFound } from "../../lib/index.ts";
import type { Container } from "./container.ts";
import { nameConflict } from "./container-name.ts";

/** Every container in memory, by id and by name. Look-ups never wait. */
export interface Registry {
  /** Takes the container and its name at once. Throws "conflict" with Docker's text where the name is taken. */
  add(container: Container): void;
  remove(container: Container): void;
  /** Throws "conflict" where the name is taken; the same name is no conflict. */
  rename(container: Container, name: string): void;
  /** By full id, name with or without slash, or unique id prefix. Throws "not-found", or "invalid" where several match. */
  find(ref: string): Container;
  /** By full id, also one that is still being made. */
  get(id: string): Container | undefined;
  isNameFree(name: string): boolean;
  /** Those that can be seen, in the order of their making. */
  list(): Container[];
  /** Also those that are still being made: for who wants to know what is in use. */
  all(): Iterable<Container>;
}

export function createRegistry(): Registry {
  const byId = new Map<string, Container>();
  const byName = new Map<string, Container>();
  const take = (name: string, container: Container) => {
    const holder = byName.get(name);
    if (holder !== undefined && holder !== container) throw nameConflict(name, holder.id);
    byName.set(name, container);
  };
  const visible = (container: Container | undefined) => (container?.phase === "making" ? undefined : container);
  return {
    add(container) {
      take(container.record.name, container);
      byId.set(container.id, container);
    },
    remove(container) {
      byId.delete(container.id);
      if (byName.get(container.record.name) === container) byName.delete(container.record.name);
    },
    rename(container, name) {
      take(name, container);
      const before = container.record.name;
      if (before !== name) byName.delete(before);
    },
    find(ref) {
      const name = ref.startsWith("/") ? ref.slice(1) : ref;
      const found = visible(byId.get(ref)) ?? visible(byName.get(name)) ?? byPrefix(byId, ref);
      if (found === undefined) throw notFound(`No such container: ${ref}`);
      return found;
    },
    get: (id) => byId.get(id),
    isNameFree: (name) => !byName.has(name),
    list: () => [...byId.values()].filter((container) => container.phase !== "making"),
    all: () => byId.values(),
  };
}

function byPrefix(containers: ReadonlyMap<string, Container>, prefix: string): Container | undefined {
  if (!/^[0-9a-f]{1,64}$/.test(prefix)) return undefined;
  let found: Container | undefined;
  for (const [id, container] of containers) {
    if (container.phase === "making" || !id.startsWith(prefix)) continue;
    if (found !== undefined) throw invalid(`multiple IDs found with provided prefix: ${prefix}`);
    found = container;
  }
  return found;
}
