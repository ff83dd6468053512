import { readSync } from "node:fs";
import { BerthError } from "../../lib/index.ts";
import { encodeHeader, endOfArchive, paddingOf, type Segment, storedSize, type TarInput } from "../../lib/tar/index.ts";
import {
  AT_FDCWD,
  type CName,
  closeFd,
  codeOf,
  cstring,
  dataSegments,
  getXattrsAt,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  openAt,
  type RawStat,
  readDirectory,
  readlinkAt,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  statAtIfAny,
  statFd,
} from "../../system/index.ts";
import { archiveAttribute, isWhiteout, OPAQUE_ATTRIBUTE } from "./overlay-form.ts";

export interface PackTreeOptions {
  /** "layer": a layer's directory, whose overlay marks become whiteout entries. "tree": a tree as it is seen. */
  form: "layer" | "tree";
  /** Write an entry "./" for the top as well. */
  root?: boolean;
  /** Keep holes as sparse entries (pax 1.0). Go's readers, GNU tar and libarchive know them; busybox does not. */
  sparse?: boolean;
  /** Nanoseconds since 1970: later times become this one; with `exactTime` all do. */
  clampTime?: bigint;
  exactTime?: boolean;
  /** Told of each inode's bytes once, directories excepted. */
  onSize?: (bytes: number) => void;
  /** Paths (bytes, as latin1) that are left out, with all below them. */
  skip?: (path: string) => boolean;
  /** Somebody changes the tree meanwhile who may want a device opened: files are held before they are opened. */
  hostile?: boolean;
  checkpoint?: () => void;
}

const MAX_DEPTH = 2000;

/**
 * The tree as an archive, in pieces, synchronously. The same tree gives the same bytes: names are in the order of their
 * bytes, times are kept to the nanosecond, owners are numbers only, sockets are left out. No link is followed. What
 * changes meanwhile: a vanished name is left out, a file keeps the length that its header says.
 */
export function* packTree(path: string, options: PackTreeOptions): Generator<Buffer> {
  const fd = openAt(AT_FDCWD, cstring(path), O_RDONLY | O_DIRECTORY);
  try {
    const packer = new Packer(options);
    if (options.root) yield packer.rootHeader(fd);
    yield* packer.contents(fd, EMPTY, 0);
  } finally {
    closeFd(fd);
  }
  yield endOfArchive();
}

/**
 * One name of an open directory as an archive of its own: under `path` in it, with all below where it is a directory.
 * "." packs the directory itself. No link is followed.
 */
export function* packNamed(dir: number, name: CName, path: Buffer, options: PackTreeOptions): Generator<Buffer> {
  yield* new Packer(options).entry(dir, name, path, 0);
  yield endOfArchive();
}

const EMPTY = Buffer.alloc(0);
const SLASH = Buffer.from("/");
const DOT = cstring(".");
const OPAQUE_NAME = Buffer.from(".wh..wh..opq");
const WHITEOUT_PREFIX = Buffer.from(".wh.");

const TYPES: Readonly<Record<number, TarInput["type"]>> = {
  [S_IFREG]: "file",
  [S_IFLNK]: "symlink",
  [S_IFCHR]: "character",
  [S_IFBLK]: "block",
  [S_IFDIR]: "directory",
  [S_IFIFO]: "fifo",
};

class Packer {
  readonly #options: PackTreeOptions;
  readonly #linked = new Map<string, Buffer>();

  constructor(options: PackTreeOptions) {
    this.#options = options;
  }

  rootHeader(fd: number): Buffer {
    return encodeHeader({ ...this.#describe(fd, DOT, statFd(fd)), name: "./", type: "directory" });
  }

  *contents(dir: number, prefix: Buffer, depth: number): Generator<Buffer> {
    if (depth > MAX_DEPTH) throw new BerthError("exhausted", `directories nested more than ${MAX_DEPTH} deep`);
    this.#options.checkpoint?.();
    const names = (ifThere(() => readDirectory(dir)) ?? []).map((entry) => entry.name);
    for (const name of names.sort(Buffer.compare)) {
      const path = Buffer.concat([prefix, name.subarray(0, -1)]);
      if (this.#options.skip?.(path.toString("latin1"))) continue;
      yield* this.entry(dir, name, path, depth);
    }
  }

  *entry(dir: number, name: CName, path: Buffer, depth: number): Generator<Buffer> {
    const stat = statAtIfAny(dir, name);
    if (stat === undefined) return;
    const type = TYPES[stat.mode & S_IFMT];
    if (this.#options.form === "layer" && isWhiteout(stat)) {
      const slash = path.lastIndexOf(0x2f) + 1;
      yield this.#marker(Buffer.concat([path.subarray(0, slash), WHITEOUT_PREFIX, path.subarray(slash)]), stat);
    } else if (type === "directory") yield* this.#directory(dir, name, Buffer.concat([path, SLASH]), depth);
    else if (type !== undefined) yield* this.#leaf(dir, name, path, stat, type);
  }

  *#directory(dir: number, name: CName, path: Buffer, depth: number): Generator<Buffer> {
    const fd = openIfThere(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (fd === undefined) return;
    try {
      const stat = statFd(fd);
      const opaque = this.#options.form === "layer" && getXattrsAt(fd, DOT).get(OPAQUE_ATTRIBUTE)?.toString() === "y";
      yield encodeHeader({ ...this.#describe(fd, DOT, stat), name: path, type: "directory" });
      if (opaque) yield this.#marker(Buffer.concat([path, OPAQUE_NAME]), stat);
      yield* this.contents(fd, path, depth + 1);
    } finally {
      closeFd(fd);
    }
  }

  *#leaf(dir: number, name: CName, path: Buffer, stat: RawStat, type: TarInput["type"]): Generator<Buffer> {
    const inode = `${stat.dev}/${stat.ino}`;
    const first = stat.nlink > 1 ? this.#linked.get(inode) : undefined;
    if (first !== undefined) {
      yield encodeHeader({
        ...this.#describe(dir, name, stat),
        xattrs: new Map(),
        name: path,
        type: "hardlink",
        linkName: first,
      });
      return;
    }
    if (stat.nlink > 1) this.#linked.set(inode, path);
    this.#options.onSize?.(stat.size);
    if (type === "file") yield* this.#file(dir, name, path);
    else yield this.#special(dir, name, path, stat, type);
  }

  #special(dir: number, name: CName, path: Buffer, stat: RawStat, type: TarInput["type"]): Buffer {
    const linkName = type === "symlink" ? ifThere(() => readlinkAt(dir, name)) : EMPTY;
    if (linkName === undefined) return EMPTY;
    const device = type === "character" || type === "block" ? { major: stat.rdevMajor, minor: stat.rdevMinor } : {};
    return encodeHeader({
      ...this.#describe(dir, name, stat),
      ...device,
      name: path,
      linkName,
      ...(type ? { type } : {}),
    });
  }

  *#file(dir: number, name: CName, path: Buffer): Generator<Buffer> {
    const fd = this.#options.hostile ? openFile(dir, name) : openIfThere(dir, name, READ_FILE);
    if (fd === undefined) return;
    try {
      const stat = statFd(fd);
      if ((stat.mode & S_IFMT) !== S_IFREG) return;
      const sparse =
        this.#options.sparse && stat.blocks * 512 < stat.size ? [...dataSegments(fd, stat.size)] : undefined;
      const entry = {
        ...this.#describe(dir, name, stat),
        size: stat.size,
        ...(sparse === undefined ? {} : { sparse }),
      };
      yield encodeHeader({ ...entry, name: path });
      for (const segment of sparse ?? [{ offset: 0, length: stat.size }]) yield* this.#read(fd, segment);
      yield Buffer.alloc(paddingOf(storedSize(entry)));
    } finally {
      closeFd(fd);
    }
  }

  *#read(fd: number, { offset, length }: Segment): Generator<Buffer> {
    for (let done = 0; done < length; ) {
      this.#options.checkpoint?.();
      const buffer = Buffer.allocUnsafe(Math.min(1024 * 1024, length - done));
      const count = readSync(fd, buffer, 0, buffer.length, offset + done);
      // A file that became shorter is filled up with zeros.
      yield count === 0 ? buffer.fill(0) : buffer.subarray(0, count);
      done += count === 0 ? buffer.length : count;
    }
  }

  #marker(name: Buffer, stat: RawStat): Buffer {
    return encodeHeader({ name, mode: 0, uid: stat.uid, gid: stat.gid, mtime: this.#time(stat.mtime) });
  }

  #describe(dir: number, name: CName, stat: RawStat): Omit<TarInput, "name"> {
    return {
      mode: stat.mode & 0o7777,
      uid: stat.uid,
      gid: stat.gid,
      mtime: this.#time(stat.mtime),
      xattrs: this.#attributes(dir, name),
    };
  }

  #time(ns: bigint): bigint {
    const { clampTime, exactTime = false } = this.#options;
    return clampTime !== undefined && (exactTime || ns > clampTime) ? clampTime : ns;
  }

  #attributes(dir: number, name: CName): Map<string, Buffer> {
    const found = ifThere(() => getXattrsAt(dir, name)) ?? new Map<string, Buffer>();
    if (found.size === 0 || this.#options.form === "tree") return found;
    const result = new Map<string, Buffer>();
    for (const [attribute, value] of found) {
      const known = archiveAttribute(attribute);
      if (known !== undefined) result.set(known, value);
    }
    return result;
  }
}

/** undefined where what it is about has gone, or has become something else. */
function ifThere<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "EINVAL") return undefined;
    throw error;
  }
}

// O_NONBLOCK: what was a file a moment ago may be a FIFO now.
const READ_FILE = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

/** Opens what is a regular file, and nothing else at any moment: opening some devices is an act by itself. */
function openFile(dir: number, name: CName): number | undefined {
  const held = openIfThere(dir, name, O_PATH | O_NOFOLLOW);
  if (held === undefined) return undefined;
  try {
    if ((statFd(held).mode & S_IFMT) !== S_IFREG) return undefined;
    return openAt(AT_FDCWD, cstring(`/proc/self/fd/${held}`), O_RDONLY | O_NONBLOCK);
  } finally {
    closeFd(held);
  }
}

function openIfThere(dir: number, name: CName, flags: number): number | undefined {
  try {
    return openAt(dir, name, flags);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ELOOP" || code === "ENOTDIR" || code === "ENXIO") return undefined;
    throw error;
  }
}
