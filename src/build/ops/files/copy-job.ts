import { writeSync } from "node:fs";
import { conflict } from "../../../lib/index.ts";
import {
  chmodFd,
  chownFd,
  closeFd,
  cstring,
  lookupUser,
  makeDirIn,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_WRONLY,
  openAt,
  openIn,
  readFileIn,
  S_IFDIR,
  S_IFMT,
  setTimesFd,
  statAtIfAny,
  statIn,
  USER_FILE_LIMIT,
  unlinkAt,
} from "../../../system/index.ts";
import { isArchive } from "./archive-form.ts";
import type { ArchiveToUnpack, CopyRequest } from "./copy-request.ts";
import { type CopySettings, TreeCopy } from "./copy-tree-into.ts";
import { type ModeChange, parseChmod } from "./file-mode.ts";
import { bytesOf, joined, latin1, nameOf, resolved, split, utf8 } from "./paths.ts";
import { isDirectory, type SelectedFile, selectFiles } from "./select-files.ts";

const INLINE_MODE = 0o644;

/**
 * Does what a COPY or ADD says and gives the archives that are still to be unpacked. Kinds: not-found, conflict (a file
 * where a folder stands, or the reverse), invalid (owners, modes), cancelled, and the kernel's own.
 */
export function runCopy(request: CopyRequest, checkpoint: () => void): ArchiveToUnpack[] {
  const owner = ownerOf(request);
  const mode: ModeChange = request.chmod === undefined ? (given) => given : parseChmod(request.chmod);
  const settings = { owner: owner ?? { uid: 0, gid: 0 }, mode, checkpoint };
  const selected = request.sources.flatMap(selectFiles);
  const place = new Destination(request, settings, selected.length + request.inline.length > 1);
  const copy = new TreeCopy(settings);
  const archives: ArchiveToUnpack[] = [];
  try {
    for (const file of selected) {
      if (request.unpack && !isDirectory(file.stat) && isArchive(file))
        archives.push({ root: file.root, path: file.path, destination: place.folder(), owner });
      else copyOne(copy, file, place);
    }
    for (const { name, data } of request.inline) writeInline(place, name, Buffer.from(data), settings);
  } finally {
    copy.close();
  }
  return archives;
}

function copyOne(copy: TreeCopy, file: SelectedFile, place: Destination): void {
  const { root, path, stat, exclude, above } = file;
  if (isDirectory(stat)) {
    const wanted = above === "" && !place.keepsFolders(file) ? "" : joined(above, latin1(file.name));
    const { fd, fresh } = place.open(wanted);
    try {
      within(root, path, (from) => copy.contents(from, fd, { exclude, fresh }));
    } finally {
      closeFd(fd);
    }
    return;
  }
  const { fd, name } = place.forFile(above, file.name);
  try {
    // The file's own directory: what is opened there by name is no link, for links have been followed.
    const real = split(resolved(root, path));
    within(root, real.folder, (from) => copy.file(from, nameOf(real.name), fd, name));
  } finally {
    closeFd(fd);
  }
}

function writeInline(place: Destination, name: string, data: Buffer, settings: CopySettings): void {
  const target = place.forFile("", name);
  try {
    const there = statAtIfAny(target.fd, target.name);
    if (there !== undefined && (there.mode & S_IFMT) === S_IFDIR)
      throw conflict(`cannot replace to directory ${name} with file`);
    if (there !== undefined) unlinkAt(target.fd, target.name);
    const fd = openAt(target.fd, target.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      for (let done = 0; done < data.length; ) done += writeSync(fd, data, done);
      chownFd(fd, settings.owner.uid, settings.owner.gid);
      chmodFd(fd, settings.mode(INLINE_MODE, false));
      setTimesFd(fd, 0n, 0n);
    } finally {
      closeFd(fd);
    }
  } finally {
    closeFd(target.fd);
  }
}

/** Where things go, found and made when the first of them comes. */
class Destination {
  readonly #root: string;
  readonly #settings: CopySettings;
  readonly #parents: boolean;
  /** Below the root, latin1, links followed. */
  readonly #path: string;
  readonly #isFolder: boolean;

  constructor(request: CopyRequest, settings: CopySettings, several: boolean) {
    this.#root = request.target;
    this.#settings = settings;
    this.#parents = request.sources.some(({ parents }) => parents);
    const { destination } = request;
    this.#path = resolved(this.#root, latin1(destination));
    this.#isFolder =
      several ||
      this.#parents ||
      /(^|\/)\.?$/.test(destination) ||
      statIn(this.#root, bytesOf(this.#path))?.isDirectory() === true;
  }

  /** Whether a directory goes below the destination under its own name. */
  keepsFolders({ name }: SelectedFile): boolean {
    return this.#parents && name !== "";
  }

  /** The destination as a folder; latin1. */
  folder(): string {
    this.#make(this.#path);
    return this.#path;
  }

  /** An open folder below the destination, made if need be: `fresh` then. */
  open(below: string): { fd: number; fresh: boolean } {
    const path = joined(this.#path, below);
    const there = statIn(this.#root, bytesOf(path));
    if (there !== undefined && !there.isDirectory()) throw conflict(`cannot copy to non-directory: /${utf8(path)}`);
    this.#make(path);
    return { fd: openIn(this.#root, bytesOf(path), O_RDONLY | O_DIRECTORY), fresh: there === undefined };
  }

  /** The open folder that a file goes to, and its name there. */
  forFile(above: string, name: string): { fd: number; name: Buffer } {
    if (this.#isFolder) return { fd: this.open(above).fd, name: cstring(name) };
    const { folder, name: own } = split(this.#path);
    this.#make(folder);
    return { fd: openIn(this.#root, bytesOf(folder), O_RDONLY | O_DIRECTORY), name: nameOf(own) };
  }

  #make(path: string): void {
    const { uid, gid } = this.#settings.owner;
    if (path !== "") makeDirIn(this.#root, utf8(path), 0o755, uid, gid);
  }
}

/** WORKDIR: the folder with those above it, owned by the user where it is new. */
export function makeWorkdir({ target, path, user }: { target: string; path: string; user: string }): undefined {
  const { uid, gid } = user === "" ? { uid: 0, gid: 0 } : lookUp(target, user);
  if (statIn(target, path)?.isDirectory() !== true) makeDirIn(target, path, 0o755, uid, gid);
  return undefined;
}

function ownerOf({ chown, target }: CopyRequest): { uid: number; gid: number } | undefined {
  return chown === undefined || chown === "" ? undefined : lookUp(target, chown);
}

/** COPY's owner: unlike a container's user, a number alone is its own group too. */
function lookUp(root: string, spec: string): { uid: number; gid: number } {
  const read = (path: string) => readFileIn(root, path, { limit: USER_FILE_LIMIT })?.toString() ?? "";
  const [user = "", group] = spec.split(":");
  const number = /^\d+$/.test(user) && group === undefined;
  const { uid, gid } = lookupUser(read("/etc/passwd"), read("/etc/group"), number ? `${user}:${user}` : spec);
  return { uid, gid };
}

function within<T>(root: string, path: string, use: (fd: number) => T): T {
  const fd = openIn(root, bytesOf(path), O_RDONLY | O_DIRECTORY);
  try {
    return use(fd);
  } finally {
    closeFd(fd);
  }
}
