import { closeSync, constants, lstatSync, mkdirSync, openSync } from "node:fs";

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/**
 * A name in a folder that is held open: whoever exchanges folders or links on the way (the folder may be mounted in a
 * container) cannot lead it elsewhere.
 */
export const nameIn = (folder: number, name: string): string => `/proc/self/fd/${folder}/${name}`;

/** Opens a folder that the user named; links on the way are the user's own. */
export const openFolder = (path: string): number => openSync(path, O_RDONLY | O_DIRECTORY);

const KEPT = 32;

/** Folders below one that is held open, each reached without following a link. Paths are bytes as latin1. */
export class LocalFolders {
  readonly #root: number;
  readonly #open = new Map<string, number>();

  constructor(root: number) {
    this.#root = root;
  }

  /** The descriptor of a folder that is made with its parents where it is missing; it stays ours. */
  get(path: string): number {
    if (path === "") return this.#root;
    const known = this.#open.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf("/");
    const parent = this.get(slash < 0 ? "" : path.slice(0, slash));
    const place = nameIn(parent, path.slice(slash + 1));
    if (lstatSync(place, { throwIfNoEntry: false }) === undefined) mkdirSync(place, 0o755);
    const fd = openSync(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (this.#open.size >= KEPT) this.forget();
    this.#open.set(path, fd);
    return this.#open.get(path) ?? fd;
  }

  /** Something was replaced: nothing that was resolved before counts. */
  forget(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }
}
