import { createIgnoreMatcher, type IgnoreMatcher, type IgnoreState } from "../../../lib/ignore/index.ts";
import { BerthError, conflict } from "../../../lib/index.ts";
import { copyAttributes, copyFile } from "../../../store/index.ts";
import {
  AT_FDCWD,
  type CName,
  chmodAt,
  chmodFd,
  chownAt,
  chownFd,
  closeFd,
  cstring,
  linkAt,
  mkdirAt,
  mknodAt,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  openAt,
  type RawStat,
  readDirectory,
  readlinkAt,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  setTimesAt,
  statAt,
  statAtIfAny,
  statFd,
  symlinkAt,
  unlinkAt,
} from "../../../system/index.ts";
import type { ModeChange } from "./file-mode.ts";

const MAX_DEPTH = 2000;
const DOT = cstring(".");

export interface CopySettings {
  owner: { uid: number; gid: number };
  mode: ModeChange;
  checkpoint(): void;
}

/**
 * Copies files and trees over what is in a target, as BuildKit does: files replace files and links, folders become one
 * with folders, and neither takes the other's place ("conflict"). Sockets are left out. All work is done below open
 * descriptors, so that whoever moves folders meanwhile leads nothing astray.
 */
export class TreeCopy {
  readonly #settings: CopySettings;
  /** A file with several names that was copied: its first copy, by inode. The descriptor is its directory's. */
  readonly #linked = new Map<string, { dir: number; name: CName }>();

  constructor(settings: CopySettings) {
    this.#settings = settings;
  }

  /** The content of one open directory into another, which takes the properties of the first where it is `fresh`. */
  contents(from: number, to: number, options: { exclude: readonly string[]; fresh: boolean }): void {
    const matcher = options.exclude.length === 0 ? undefined : createIgnoreMatcher(options.exclude);
    this.#contents(from, to, { matcher, state: undefined, path: "", depth: 0 });
    if (options.fresh) this.#finishDirectory(from, to, statFd(from));
  }

  /** One file, link or device of an open directory, under a name of another. */
  file(from: number, name: CName, to: number, as: CName): void {
    this.#entry(from, name, to, as, { matcher: undefined, state: undefined, path: "", depth: 0 });
  }

  /** To be called at the end. */
  close(): void {
    for (const dir of new Set([...this.#linked.values()].map((each) => each.dir))) closeFd(dir);
    this.#linked.clear();
  }

  #contents(from: number, to: number, place: Place): void {
    if (place.depth > MAX_DEPTH) throw new BerthError("exhausted", `directories nested more than ${MAX_DEPTH} deep`);
    this.#settings.checkpoint();
    for (const { name } of readDirectory(from)) {
      const path = place.path === "" ? textOf(name) : `${place.path}/${textOf(name)}`;
      const state = place.matcher?.enter(path, place.state);
      if (state?.prune === true) continue;
      if (state?.ignored === true && (statAt(from, name).mode & S_IFMT) !== S_IFDIR) continue;
      this.#entry(from, name, to, name, { ...place, state, path });
    }
  }

  #entry(from: number, name: CName, to: number, as: CName, place: Place): void {
    const stat = statAt(from, name);
    const type = stat.mode & S_IFMT;
    if (type === S_IFSOCK) return;
    if (type === S_IFDIR) {
      this.#directory(from, name, to, as, stat, place);
      return;
    }
    makeRoom(to, as);
    if (stat.nlink > 1 && this.#link(to, as, stat)) return;
    if (type === S_IFREG) copyFile(from, name, to, as);
    else if (type === S_IFLNK) symlinkAt(cstring(readlinkAt(from, name)), to, as);
    else mknodAt(to, as, type | 0o600, stat.rdevMajor, stat.rdevMinor);
    chownAt(to, as, this.#settings.owner.uid, this.#settings.owner.gid);
    copyAttributes(from, name, to, as);
    if (type !== S_IFLNK) chmodAt(to, as, this.#settings.mode(stat.mode & 0o7777, false));
    setTimesAt(to, as, stat.mtime, stat.mtime);
  }

  #directory(from: number, name: CName, to: number, as: CName, stat: RawStat, place: Place): void {
    const there = statAtIfAny(to, as);
    if (there === undefined) mkdirAt(to, as, 0o700);
    else if ((there.mode & S_IFMT) !== S_IFDIR) throw conflict(`cannot copy to non-directory: ${textOf(as)}`);
    const source = openAt(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      const target = openAt(to, as, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      try {
        this.#contents(source, target, { ...place, depth: place.depth + 1 });
        // An excluded folder is there only for what is not excluded below it.
        if (there === undefined || place.state?.ignored !== true) this.#finishDirectory(source, target, stat);
      } finally {
        closeFd(target);
      }
    } finally {
      closeFd(source);
    }
  }

  #finishDirectory(from: number, to: number, stat: RawStat): void {
    copyAttributes(from, DOT, to, DOT);
    chownFd(to, this.#settings.owner.uid, this.#settings.owner.gid);
    chmodFd(to, this.#settings.mode(stat.mode & 0o7777, true));
    setTimesAt(to, DOT, stat.mtime, stat.mtime);
  }

  #link(to: number, as: CName, stat: RawStat): boolean {
    const inode = `${stat.dev}/${stat.ino}`;
    const first = this.#linked.get(inode);
    if (first !== undefined) {
      linkAt(first.dir, first.name, to, as);
      return true;
    }
    const dir = openAt(AT_FDCWD, cstring(`/proc/self/fd/${to}`), O_PATH | O_DIRECTORY);
    this.#linked.set(inode, { dir, name: as });
    return false;
  }
}

interface Place {
  matcher: IgnoreMatcher | undefined;
  state: IgnoreState | undefined;
  /** Below what was selected. */
  path: string;
  depth: number;
}

function makeRoom(to: number, as: CName): void {
  const there = statAtIfAny(to, as);
  if (there === undefined) return;
  if ((there.mode & S_IFMT) === S_IFDIR) throw conflict(`cannot replace to directory ${textOf(as)} with file`);
  unlinkAt(to, as);
}

const textOf = (name: CName) => name.toString("utf8", 0, name.length - 1);
