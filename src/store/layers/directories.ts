import { BerthError } from "../../lib/index.ts";
import { closeFd, codeOf, cstring, mkdirAt, O_DIRECTORY, O_PATH, openIn } from "../../system/index.ts";
import { show } from "./entry-path.ts";

const KEPT = 64;

/**
 * Open directories of a tree that is being written, by their path below its root (latin1). Every path is resolved by
 * openat2 inside the root, links included; the latest are kept open, because entries come folder by folder.
 */
export class Directories {
  readonly #root: number;
  readonly #open = new Map<string, number>();
  #latest = "";
  #latestFd = -1;
  readonly #onImplied: (path: string) => void;
  readonly #onObstacle: (parent: number, base: string) => boolean;

  /**
   * `onImplied` hears of each directory that is made because something is in it. `onObstacle` may clear away what is
   * in a directory's place; it says whether it made a directory there.
   */
  constructor(root: number, onImplied: (path: string) => void, onObstacle: (parent: number, base: string) => boolean) {
    this.#root = root;
    this.#onImplied = onImplied;
    this.#onObstacle = onObstacle;
  }

  /**
   * The directory's descriptor, made with its parents where it is missing. It stays ours: do not close it. It is valid
   * at least until the next but one directory is asked for.
   */
  get(path: string): number {
    const known = this.#known(path);
    if (known !== undefined) return known;
    return this.#keep(path, this.#find(path) ?? this.#make(path));
  }

  /** The same for a directory that has to be there: undefined where it is not. */
  find(path: string): number | undefined {
    const known = this.#known(path);
    if (known !== undefined) return known;
    const fd = this.#find(path);
    return fd === undefined ? undefined : this.#keep(path, fd);
  }

  /** Something other than a file was replaced: what was resolved through it may lead elsewhere now. */
  forget(): void {
    for (const fd of this.#open.values()) closeFd(fd);
    this.#open.clear();
    this.#latest = "";
  }

  #known(path: string): number | undefined {
    if (path === "") return this.#root;
    if (path === this.#latest) return this.#latestFd;
    const fd = this.#open.get(path);
    if (fd === undefined) return undefined;
    // Back to the end of the map: the one that was not asked for longest is closed first.
    this.#open.delete(path);
    return this.#keep(path, fd);
  }

  #keep(path: string, fd: number): number {
    if (this.#open.size >= KEPT) {
      for (const [oldest, old] of this.#open) {
        this.#open.delete(oldest);
        closeFd(old);
        break;
      }
    }
    this.#open.set(path, fd);
    this.#latest = path;
    this.#latestFd = fd;
    return fd;
  }

  #find(path: string): number | undefined {
    try {
      return openIn(this.#root, Buffer.from(path, "latin1"), O_PATH | O_DIRECTORY);
    } catch (error) {
      const code = codeOf(error);
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw error;
    }
  }

  #make(path: string): number {
    const slash = path.lastIndexOf("/");
    const parent = this.get(slash < 0 ? "" : path.slice(0, slash));
    const base = path.slice(slash + 1);
    this.#makeOne(parent, base, path);
    const fd = this.#find(path);
    if (fd === undefined) throw new BerthError("invalid", `${show(path)} is not a directory`);
    return fd;
  }

  #makeOne(parent: number, base: string, path: string): void {
    try {
      mkdirAt(parent, cstring(Buffer.from(base, "latin1")), 0o700);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      if (!this.#onObstacle(parent, base)) throw new BerthError("invalid", `${show(path)} is not a directory`);
    }
    this.#onImplied(path);
  }
}
