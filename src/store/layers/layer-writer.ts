import { writeSync } from "node:fs";
import { BerthError, invalid } from "../../lib/index.ts";
import type { TarEntry, TarEntryType, TarHandler } from "../../lib/tar/index.ts";
import {
  type CName,
  chmodFd,
  chmodNodeAt,
  chownAt,
  chownFd,
  closeFd,
  codeOf,
  cstring,
  linkAt,
  mkdirAt,
  mknodAt,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_WRONLY,
  openAt,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  setTimesAt,
  setTimesFd,
  setXattrAt,
  setXattrFd,
  statAtIfAny,
  symlinkAt,
  truncateFd,
  unlinkAt,
} from "../../system/index.ts";
import { removeTreeAt } from "../trees/remove-tree.ts";
import { Directories } from "./directories.ts";
import { cleanPath, parseEntryPath, show } from "./entry-path.ts";
import { diskAttribute, isWhiteout, OPAQUE_ATTRIBUTE, OPAQUE_VALUE } from "./overlay-form.ts";

export interface LayerWriterOptions {
  /** Open descriptor of the directory to fill. */
  root: number;
  /**
   * How whiteouts are kept: in overlay's form, or (a lowest layer hides nothing) not at all. "none" is for an archive
   * that is no layer: every name is what it is, the top and what is there already keep what no entry changes.
   */
  whiteouts: "overlay" | "ignore" | "none";
  /** In an archive that is no layer: its entry for the top counts, too. */
  describesTop?: boolean;
  /** Refuse to put a directory in the place of something else, or the reverse; the root's name for the message. */
  keepKinds?: { root: string };
  /** Owner of everything, in place of what the entries say. */
  owner?: { uid: number; gid: number };
  /** Called before each entry; it throws to stop. */
  checkpoint?: () => void;
}

interface Open {
  fd: number;
  entry: TarEntry;
}

/**
 * Writes a layer's entries into a directory, as Docker does it: names are taken below the root, a later entry replaces
 * an earlier one (directories are merged), and no entry reaches outside the root, whatever links it or others make.
 * Directories get their modes, owners, attributes and times at the end (`finish`), so that none of them is in the way.
 * Call `close` in any case.
 */
export class LayerWriter implements TarHandler {
  readonly #options: LayerWriterOptions;
  readonly #directories: Directories;
  /** By path: what a directory gets at the end; undefined for one that no entry describes. */
  readonly #described = new Map<string, TarEntry | undefined>();
  readonly #isLayer: boolean;
  #file: Open | undefined;
  #size = 0;
  #replaced = false;

  constructor(options: LayerWriterOptions) {
    this.#options = options;
    this.#isLayer = options.whiteouts !== "none";
    if (this.#isLayer) this.#described.set("", undefined);
    this.#directories = new Directories(
      options.root,
      (path) => this.#described.set(path, undefined),
      (parent, base) => this.#replaceWhiteout(parent, base),
    );
  }

  /** Bytes of all files and link targets; undefined where entries replaced each other and only a walk can tell. */
  get size(): number | undefined {
    return this.#replaced ? undefined : this.#size;
  }

  entry(given: TarEntry): void {
    this.#options.checkpoint?.();
    const { owner } = this.#options;
    const entry = owner === undefined ? given : { ...given, ...owner };
    if (!this.#isLayer) {
      this.#plain(entry);
      return;
    }
    const path = parseEntryPath(entry.name.toString("latin1"));
    if (path.kind === "root") this.#describeRoot(entry);
    else if (path.kind === "opaque") this.#makeOpaque(path.directory);
    else if (path.kind === "whiteout") this.#hide(path.directory, path.base);
    else if (path.kind === "ordinary") this.#ordinary(path.directory, path.base, entry);
  }

  data(chunk: Buffer, offset: number): void {
    const file = this.#file;
    if (file === undefined) return;
    const position = file.entry.sparse === undefined ? null : offset;
    for (let done = 0; done < chunk.length; ) {
      done += writeSync(file.fd, chunk, done, chunk.length - done, position === null ? null : position + done);
    }
  }

  end(): void {
    const file = this.#file;
    if (file === undefined) return;
    const { fd, entry } = file;
    if (entry.sparse !== undefined) truncateFd(fd, entry.size);
    // A new file is ours (0:0 for root) already. Writing and chown clear capabilities and setuid bits: they come after.
    // Elsewhere than in a layer the directory may hand down its group.
    if (entry.uid !== 0 || entry.gid !== 0 || !isRoot || !this.#isLayer) chownFd(fd, entry.uid, entry.gid);
    setAttributes(entry, this.#isLayer, (name, value) => setXattrFd(fd, name, value));
    chmodFd(fd, entry.mode);
    setTimesFd(fd, entry.atime ?? entry.mtime, entry.mtime);
    this.#file = undefined;
    closeFd(fd);
  }

  /** All entries are there: gives the directories what was held back. */
  finish(): void {
    this.#directories.forget();
    for (const [path, entry] of this.#described) {
      this.#options.checkpoint?.();
      this.#finishDirectory(path, entry);
    }
  }

  close(): void {
    if (this.#file !== undefined) closeFd(this.#file.fd);
    this.#file = undefined;
    this.#directories.forget();
  }

  #plain(entry: TarEntry): void {
    const path = cleanPath(entry.name.toString("latin1"));
    const slash = path.lastIndexOf("/");
    if (path === "" && this.#options.describesTop) this.#describeRoot(entry);
    if (path !== "") this.#ordinary(slash < 0 ? "" : path.slice(0, slash), path.slice(slash + 1), entry);
  }

  #describeRoot(entry: TarEntry): void {
    if (entry.type === "directory") this.#described.set("", entry);
  }

  #ordinary(directory: string, base: string, entry: TarEntry): void {
    if (entry.type === "directory") this.#directory(directory, base, entry);
    else this.#make(directory, base, entry, makers[entry.type]);
  }

  #directory(directory: string, base: string, entry: TarEntry): void {
    const parent = this.#directories.get(directory);
    const path = directory === "" ? base : `${directory}/${base}`;
    const name = bytes(base);
    if (!tryMake(() => mkdirAt(parent, name, 0o700)) && this.#typeOf(parent, name) !== S_IFDIR) {
      this.#checkKinds(path, "non-directory", "directory");
      if (!this.#replaceWhiteout(parent, base)) mkdirAt(this.#remove(directory, name), name, 0o700);
    }
    this.#described.set(path, entry);
  }

  #make(directory: string, base: string, entry: TarEntry, maker: Maker): void {
    const name = bytes(base);
    const find = (path: string) => this.#directories.find(path);
    let fd: number | undefined;
    const create = (parent: number) => {
      fd = maker({ parent, name, entry, find, isLayer: this.#isLayer });
    };
    const parent = this.#directories.get(directory);
    if (!tryMake(() => create(parent))) create(this.#remove(directory, name));
    this.#size += entry.type === "symlink" ? entry.linkName.length : entry.size;
    if (fd !== undefined) this.#file = { fd, entry };
  }

  /** Takes away what has the name, and gives the directory's descriptor as it is now. */
  #remove(directory: string, name: CName): number {
    const parent = this.#directories.get(directory);
    const type = this.#typeOf(parent, name);
    this.#replaced = true;
    if (type === S_IFDIR) {
      const base = name.toString("latin1", 0, name.length - 1);
      this.#checkKinds(directory === "" ? base : `${directory}/${base}`, "directory", "non-directory");
    }
    if (type === S_IFDIR) removeTreeAt(parent, name);
    else ignoring(["ENOENT"], () => unlinkAt(parent, name));
    if (type === S_IFDIR || type === S_IFLNK) this.#directories.forget();
    return this.#directories.get(directory);
  }

  #checkKinds(path: string, from: string, to: string): void {
    const { keepKinds } = this.#options;
    if (keepKinds === undefined) return;
    const root = show(Buffer.from(keepKinds.root, "utf8").toString("latin1"));
    const full = show(`${Buffer.from(keepKinds.root, "utf8").toString("latin1").replace(/\/$/, "")}/${path}`);
    throw invalid(`cannot overwrite ${from} ${full} with ${to} ${root}`);
  }

  #typeOf(parent: number, name: CName): number | undefined {
    const stat = statAtIfAny(parent, name);
    return stat === undefined ? undefined : stat.mode & S_IFMT;
  }

  /** The lower layers' name is hidden. Where this layer has one of its own, that stays: a directory turns opaque. */
  #hide(directory: string, base: string): void {
    if (this.#options.whiteouts === "ignore") return;
    const parent = this.#directories.get(directory);
    const name = bytes(base);
    const made = tryMake(() => mknodAt(parent, name, S_IFCHR, 0, 0));
    if (!made && this.#typeOf(parent, name) === S_IFDIR) setXattrAt(parent, name, OPAQUE_ATTRIBUTE, OPAQUE_VALUE);
  }

  #makeOpaque(directory: string): void {
    const fd = this.#directories.get(directory);
    if (this.#options.whiteouts === "overlay") setXattrAt(fd, DOT, OPAQUE_ATTRIBUTE, OPAQUE_VALUE);
  }

  /** A directory takes the place of a whiteout of the same layer: it has to hide what the whiteout hid. */
  #replaceWhiteout(parent: number, base: string): boolean {
    const name = bytes(base);
    if (!this.#isLayer || !isWhiteout(statAtIfAny(parent, name))) return false;
    unlinkAt(parent, name);
    mkdirAt(parent, name, 0o700);
    setXattrAt(parent, name, OPAQUE_ATTRIBUTE, OPAQUE_VALUE);
    return true;
  }

  #finishDirectory(path: string, entry: TarEntry | undefined): void {
    const slash = path.lastIndexOf("/");
    const parent = this.#directories.find(slash < 0 ? "" : path.slice(0, slash));
    if (parent === undefined) return;
    const fd = openDirectory(parent, path === "" ? DOT : bytes(path.slice(slash + 1)));
    // Replaced by something else since.
    if (fd === undefined) return;
    try {
      applyDirectory(fd, entry, this.#isLayer);
    } finally {
      closeFd(fd);
    }
  }
}

const isRoot = process.geteuid?.() === 0;
const DOT = cstring(".");
const bytes = (name: string): CName => cstring(Buffer.from(name, "latin1"));

/** False where something has the name already. */
function tryMake(make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function openDirectory(parent: number, name: CName): number | undefined {
  try {
    return openAt(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw error;
  }
}

function applyDirectory(fd: number, entry: TarEntry | undefined, isLayer: boolean): void {
  if (entry === undefined) {
    chmodFd(fd, 0o755);
    return;
  }
  chownFd(fd, entry.uid, entry.gid);
  setAttributes(entry, isLayer, (name, value) => setXattrFd(fd, name, value));
  chmodFd(fd, entry.mode);
  setTimesFd(fd, entry.atime ?? entry.mtime, entry.mtime);
}

/** What a file system cannot keep, or somebody keeps for himself, is left out of a tree that is no layer, as in Docker. */
function setAttributes(entry: TarEntry, isLayer: boolean, set: (name: string, value: Buffer) => void): void {
  for (const [name, value] of entry.xattrs) {
    if (isLayer) set(diskAttribute(name), value);
    else if (diskAttribute(name) === name) ignoring(["EOPNOTSUPP", "EPERM"], () => set(name, value));
  }
}

function ignoring(codes: string[], act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!codes.includes(codeOf(error) ?? "")) throw error;
  }
}

interface Place {
  parent: number;
  name: CName;
  entry: TarEntry;
  find: (directory: string) => number | undefined;
  isLayer: boolean;
}

type Maker = (place: Place) => number | undefined;

/** Makes what an entry describes; for a file, gives its descriptor to write to. EEXIST where the name is taken. */
const makers: Record<Exclude<TarEntryType, "directory">, Maker> = {
  file: ({ parent, name }) => openAt(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600),
  symlink: (place) => {
    symlinkAt(cstring(place.entry.linkName), place.parent, place.name);
    return dress(place);
  },
  hardlink: ({ parent, name, entry, find }) => {
    const target = cleanPath(entry.linkName.toString("latin1"));
    const slash = target.lastIndexOf("/");
    const directory = find(slash < 0 ? "" : target.slice(0, slash));
    if (directory === undefined) throw missingTarget(target);
    try {
      linkAt(directory, bytes(target.slice(slash + 1)), parent, name);
    } catch (error) {
      throw codeOf(error) === "ENOENT" ? missingTarget(target) : error;
    }
    return undefined;
  },
  character: (place) => makeNode(place, S_IFCHR),
  block: (place) => makeNode(place, S_IFBLK),
  fifo: (place) => makeNode(place, S_IFIFO),
};

const missingTarget = (target: string) =>
  new BerthError("invalid", `hard link to ${show(target)}, which is not in the layer`);

function makeNode(place: Place, type: number): undefined {
  const { parent, name, entry } = place;
  if (type === S_IFIFO) mknodAt(parent, name, type | 0o600);
  else mknodAt(parent, name, type | 0o600, entry.major, entry.minor);
  return dress(place);
}

/** Owner, attributes, mode and times of what cannot be opened. */
function dress({ parent, name, entry, isLayer }: Place): undefined {
  chownAt(parent, name, entry.uid, entry.gid);
  setAttributes(entry, isLayer, (attribute, value) => setXattrAt(parent, name, attribute, value));
  if (entry.type !== "symlink") chmodNodeAt(parent, name, entry.mode);
  setTimesAt(parent, name, entry.atime ?? entry.mtime, entry.mtime);
}
