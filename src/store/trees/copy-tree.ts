import { readSync, writeSync } from "node:fs";
import { BerthError } from "../../lib/index.ts";
import {
  AT_FDCWD,
  type CName,
  chmodAt,
  chmodFd,
  chownAt,
  chownFd,
  cloneFile,
  closeFd,
  codeOf,
  copyRange,
  cstring,
  dataSegments,
  getXattrsAt,
  linkAt,
  mkdirAt,
  mknodAt,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  openAt,
  openIn,
  type RawStat,
  readDirectory,
  readlinkAt,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  SyscallError,
  setTimesAt,
  setXattrAt,
  statAt,
  statAtIfAny,
  statFd,
  symlinkAt,
  truncateFd,
  unlinkAt,
} from "../../system/index.ts";

export interface CopyTreeRequest {
  /** The root that the folder lies in, and the folder's path there: links on the way resolve inside the root. */
  sourceRoot: string;
  sourcePath: string;
  /** An existing directory; the folder's content is copied into it, and it gets the folder's owner, mode and times. */
  target: string;
  /** Somebody writes in the folder meanwhile: what vanishes on the way is left out, and nothing but files is opened. */
  changing?: boolean;
}

const MAX_DEPTH = 2000;

/**
 * Copies a folder's content with everything that it has: owners, modes, times, attributes, hard links among its files,
 * holes, devices, FIFOs and sockets; no link is followed below the folder. A folder that is not there copies nothing.
 * Throws where a name exists in the target already.
 */
export function copyTree(request: CopyTreeRequest, checkpoint: () => void = () => {}): undefined {
  const from = openSource(request);
  if (from === undefined) return undefined;
  try {
    const to = openAt(AT_FDCWD, cstring(request.target), O_RDONLY | O_DIRECTORY);
    try {
      new Copy(to, request.changing === true, checkpoint).contents(from, to, [], statFd(from));
    } finally {
      closeFd(to);
    }
  } finally {
    closeFd(from);
  }
}

function openSource({ sourceRoot, sourcePath }: CopyTreeRequest): number | undefined {
  try {
    return openIn(sourceRoot, sourcePath, O_RDONLY | O_DIRECTORY);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

const DOT = cstring(".");
const GONE = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "ESTALE"]);

class Copy {
  readonly #top: number;
  readonly #changing: boolean;
  readonly #checkpoint: () => void;
  /** Where a file with several names was copied to first, by its inode. */
  readonly #linked = new Map<string, CName[]>();

  constructor(top: number, changing: boolean, checkpoint: () => void) {
    this.#top = top;
    this.#changing = changing;
    this.#checkpoint = checkpoint;
  }

  /** Copies what is in one open directory into the other, then the directory's own properties. */
  contents(from: number, to: number, path: CName[], stat: RawStat): void {
    if (path.length > MAX_DEPTH) throw new BerthError("exhausted", `directories nested more than ${MAX_DEPTH} deep`);
    this.#checkpoint();
    for (const { name } of readDirectory(from)) {
      if (this.#changing) this.#entryIfThere(from, to, name, path);
      else this.#entry(from, to, name, path);
    }
    copyAttributes(from, DOT, to, DOT);
    chownFd(to, stat.uid, stat.gid);
    chmodFd(to, stat.mode & 0o7777);
    setTimesAt(to, DOT, stat.atime, stat.mtime);
  }

  /** A name that goes, or becomes something else, while it is copied counts as gone. */
  #entryIfThere(from: number, to: number, name: CName, path: CName[]): void {
    try {
      this.#entry(from, to, name, path);
    } catch (error) {
      if (!GONE.has(codeOf(error) ?? "")) throw error;
      const left = statAtIfAny(to, name);
      if (left !== undefined && (left.mode & S_IFMT) !== S_IFDIR) {
        unlinkAt(to, name);
        for (const [inode, first] of this.#linked) if (first.at(-1) === name) this.#linked.delete(inode);
      }
    }
  }

  #entry(from: number, to: number, name: CName, path: CName[]): void {
    const stat = statAt(from, name);
    const type = stat.mode & S_IFMT;
    if (type === S_IFDIR) {
      this.#directory(from, to, name, path);
      return;
    }
    if (stat.nlink > 1 && this.#link(to, name, stat, path)) return;
    if (type === S_IFREG) copyFile(from, name, to, name);
    else if (type === S_IFLNK) symlinkAt(cstring(readlinkAt(from, name)), to, name);
    else mknodAt(to, name, type | 0o600, stat.rdevMajor, stat.rdevMinor);
    chownAt(to, name, stat.uid, stat.gid);
    copyAttributes(from, name, to, name);
    if (type !== S_IFLNK) chmodAt(to, name, stat.mode & 0o7777);
    setTimesAt(to, name, stat.atime, stat.mtime);
  }

  #directory(from: number, to: number, name: CName, path: CName[]): void {
    const source = openAt(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      mkdirAt(to, name, 0o700);
      const target = openAt(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      try {
        this.contents(source, target, [...path, name], statFd(source));
      } finally {
        closeFd(target);
      }
    } finally {
      closeFd(source);
    }
  }

  /** True where the inode has been copied under another name, which is linked now. */
  #link(to: number, name: CName, stat: RawStat, path: CName[]): boolean {
    const inode = `${stat.dev}/${stat.ino}`;
    const first = this.#linked.get(inode);
    if (first === undefined) {
      this.#linked.set(inode, [...path, name]);
      return false;
    }
    const base = first.at(-1) ?? DOT;
    const parent = first
      .slice(0, -1)
      .map((part) => part.toString("latin1", 0, part.length - 1))
      .join("/");
    // Whoever else has the target mounted could put a link on the way: it is resolved inside.
    const directory = openIn(this.#top, Buffer.from(parent, "latin1"), O_PATH | O_DIRECTORY);
    try {
      linkAt(directory, base, to, name);
    } finally {
      closeFd(directory);
    }
    return true;
  }
}

/** Copies the bytes of a regular file of an open directory into a new file of another: shared, or with its holes. */
export function copyFile(from: number, name: CName, to: number, as: CName): void {
  const source = openRegular(from, name);
  try {
    const { size } = statFd(source);
    const target = openAt(to, as, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      if (cloneFile(source, target)) return;
      for (const { offset, length } of [...dataSegments(source, size)]) copySegment(source, target, offset, length);
      truncateFd(target, size);
    } finally {
      closeFd(target);
    }
  } finally {
    closeFd(source);
  }
}

/** What is a file now, and nothing else at any moment: opening some devices is an act by itself. */
export function openRegular(dir: number, name: CName): number {
  const held = openAt(dir, name, O_PATH | O_NOFOLLOW);
  try {
    if ((statFd(held).mode & S_IFMT) !== S_IFREG) throw new SyscallError("openat", ENOENT, "a file that has changed");
    return openAt(AT_FDCWD, cstring(`/proc/self/fd/${held}`), O_RDONLY | O_NONBLOCK);
  } finally {
    closeFd(held);
  }
}

const ENOENT = 2;
const STEP = 64 * 1024 * 1024;

function copySegment(source: number, target: number, offset: number, length: number): void {
  for (let done = 0; done < length; ) {
    const copied = copyRange(source, target, offset + done, Math.min(STEP, length - done));
    if (copied === undefined) copyByHand(source, target, offset + done, length - done);
    // Done by hand, or the file became shorter.
    if (copied === undefined || copied === 0) return;
    done += copied;
  }
}

function copyByHand(source: number, target: number, offset: number, length: number): void {
  const buffer = Buffer.allocUnsafe(Math.min(1024 * 1024, length));
  for (let done = 0; done < length; ) {
    const count = readSync(source, buffer, 0, Math.min(buffer.length, length - done), offset + done);
    if (count === 0) return;
    for (let written = 0; written < count; ) {
      written += writeSync(target, buffer, written, count - written, offset + done + written);
    }
    done += count;
  }
}

/** Overlayfs shows none of its own attributes in a mount, so that whatever is listed belongs to the file. */
export function copyAttributes(from: number, fromName: CName, to: number, name: CName): void {
  for (const [attribute, value] of getXattrsAt(from, fromName)) setXattrAt(to, name, attribute, value);
}
