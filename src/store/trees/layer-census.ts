import { BerthError } from "../../lib/index.ts";
import {
  AT_FDCWD,
  type CName,
  closeFd,
  cstring,
  getXattrsAt,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  openAt,
  type RawStat,
  readDirectory,
  S_IFDIR,
  S_IFMT,
  statAtIfAny,
} from "../../system/index.ts";
import { isWhiteout, OPAQUE_ATTRIBUTE } from "../layers/overlay-form.ts";

/** Bytes and files somewhere in a layer. */
export interface Share {
  path: string;
  bytes: number;
  files: number;
}

/** A file, or a folder as a whole, that a later layer takes out of sight. */
export interface HiddenPath extends Share {
  /** Index of the layer that does so. */
  by: number;
  how: "deleted" | "replaced";
}

export interface LayerCensus {
  /** Each inode once, folders not. */
  bytes: number;
  files: number;
  /** Folders up to two names deep with what is in them, the largest first. */
  folders: Share[];
  /** Bytes of the layer that no container sees. */
  hiddenBytes: number;
  /** The largest of them. */
  hidden: HiddenPath[];
  /** What is in folders that only ever hold caches, by the folder asked for. */
  watched: Share[];
}

export interface LayerCensusRequest {
  /** Layers in overlay's form, the lowest first. */
  layers: readonly string[];
  /** Path prefixes to add up apart, `/var/cache/apt/` for example; `*` in front stands for any folder. */
  watch: readonly string[];
}

const MOST_ENTRIES = 2_000_000;
const MOST_DEPTH = 500;
const SHOWN = 20;

/**
 * Which layer holds which bytes, and which of them a later layer deletes or replaces. Links are not followed. Kind
 * "exhausted" beyond two million names or 500 levels of folders.
 */
export function layerCensus({ layers, watch }: LayerCensusRequest, checkpoint: () => void = () => {}): LayerCensus[] {
  const walk = new Walk(watch, checkpoint);
  for (const layer of layers) walk.layer(layer);
  return walk.results();
}

/** What is seen at a path: folders have names below them, everything else a size and the layer that it is from. */
interface Seen {
  children: Map<string, Seen> | undefined;
  layer: number;
  bytes: number;
}

interface Tally {
  bytes: number;
  files: number;
  hiddenBytes: number;
  folders: Map<string, Share>;
  hidden: HiddenPath[];
  watched: Map<string, Share>;
}

class Walk {
  readonly #root: Seen = { children: new Map(), layer: 0, bytes: 0 };
  readonly #tallies: Tally[] = [];
  readonly #watch: readonly string[];
  readonly #checkpoint: () => void;
  #inodes = new Set<string>();
  #entries = 0;

  constructor(watch: readonly string[], checkpoint: () => void) {
    this.#watch = watch;
    this.#checkpoint = checkpoint;
  }

  layer(path: string): void {
    const [folders, watched] = [new Map<string, Share>(), new Map<string, Share>()];
    this.#tallies.push({ bytes: 0, files: 0, hiddenBytes: 0, folders, hidden: [], watched });
    this.#inodes = new Set();
    this.#folder(AT_FDCWD, cstring(path), this.#root, "", 0);
  }

  results(): LayerCensus[] {
    return this.#tallies.map(({ folders, watched, hidden, ...sums }) => ({
      ...sums,
      folders: largest([...folders.values()]),
      watched: [...watched.values()],
      hidden: largest(hidden),
    }));
  }

  #folder(parent: number, name: CName, seen: Seen, path: string, depth: number): void {
    if (depth > MOST_DEPTH) throw new BerthError("exhausted", "the image's folders are nested too deeply");
    this.#checkpoint();
    const fd = openAt(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      if (depth > 0 && isOpaque(fd)) this.#hideAll(seen, path, "replaced");
      for (const entry of readDirectory(fd)) this.#entry(fd, entry.name, seen, path, depth);
    } finally {
      closeFd(fd);
    }
  }

  #entry(fd: number, name: CName, parent: Seen, above: string, depth: number): void {
    const stat = statAtIfAny(fd, name);
    if (stat === undefined) return;
    if (++this.#entries > MOST_ENTRIES) throw new BerthError("exhausted", "the image has more than two million names");
    const key = nameOf(name);
    const path = `${above}/${key}`;
    const children = parent.children ?? new Map<string, Seen>();
    parent.children = children;
    const before = children.get(key);
    if (isWhiteout(stat)) {
      if (before !== undefined) this.#hide(before, path, "deleted");
      children.delete(key);
      return;
    }
    const layer = this.#tallies.length - 1;
    if ((stat.mode & S_IFMT) === S_IFDIR) {
      const folder = before?.children === undefined ? { children: new Map<string, Seen>(), layer, bytes: 0 } : before;
      if (before !== undefined && before !== folder) this.#hide(before, path, "replaced");
      children.set(key, folder);
      this.#folder(fd, name, folder, path, depth + 1);
      return;
    }
    if (before !== undefined) this.#hide(before, path, "replaced");
    const bytes = this.#count(stat, path);
    children.set(key, { children: undefined, layer, bytes });
  }

  /** Adds a file to the layer at hand; gives the bytes that it costs. */
  #count(stat: RawStat, path: string): number {
    const inode = `${stat.dev}/${stat.ino}`;
    if (stat.nlink > 1 && this.#inodes.has(inode)) return 0;
    if (stat.nlink > 1) this.#inodes.add(inode);
    const tally = this.#tallies.at(-1);
    if (tally === undefined) return 0;
    tally.bytes += stat.size;
    tally.files++;
    add(tally.folders, topOf(path), stat.size);
    for (const prefix of this.#watch) if (isWatched(path, prefix)) add(tally.watched, prefix, stat.size);
    return stat.size;
  }

  /** Books what a path held as hidden, once for each layer that it came from. */
  #hide(seen: Seen, path: string, how: HiddenPath["how"]): void {
    const by = this.#tallies.length - 1;
    const shares = new Map<number, Share>();
    for (const { layer, bytes } of filesOf(seen)) {
      if (layer === by) continue;
      const share = shares.get(layer) ?? { path, bytes: 0, files: 0 };
      shares.set(layer, { path, bytes: share.bytes + bytes, files: share.files + 1 });
    }
    for (const [layer, share] of shares) {
      const tally = this.#tallies[layer];
      if (tally === undefined) continue;
      tally.hiddenBytes += share.bytes;
      tally.hidden.push({ ...share, by, how });
      if (tally.hidden.length > 100 * SHOWN) tally.hidden = largest(tally.hidden);
    }
  }

  #hideAll(folder: Seen, path: string, how: HiddenPath["how"]): void {
    for (const [name, child] of folder.children ?? []) this.#hide(child, `${path}/${name}`, how);
    folder.children = new Map();
  }
}

const nameOf = (name: CName) => {
  const end = name.indexOf(0);
  return (end < 0 ? name : name.subarray(0, end)).toString("utf8");
};

const isOpaque = (fd: number) => getXattrsAt(fd, cstring(".")).get(OPAQUE_ATTRIBUTE)?.toString() === "y";

function* filesOf(seen: Seen): Generator<Seen> {
  const waiting = [seen];
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (one.children === undefined) yield one;
    else waiting.push(...one.children.values());
  }
}

/** `/usr/lib` of `/usr/lib/x/y`, `/usr` of `/usr/x`, `/` of `/x`. */
function topOf(path: string): string {
  const names = path.split("/").slice(1, -1);
  return `/${names.slice(0, 2).join("/")}`;
}

function isWatched(path: string, prefix: string): boolean {
  return prefix.startsWith("*") ? path.includes(prefix.slice(1)) : path.startsWith(prefix);
}

function add(shares: Map<string, Share>, path: string, bytes: number): void {
  const share = shares.get(path);
  if (share === undefined) shares.set(path, { path, bytes, files: 1 });
  else {
    share.bytes += bytes;
    share.files++;
  }
}

const largest = <T extends Share>(shares: T[]): T[] =>
  shares.sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1)).slice(0, SHOWN);
