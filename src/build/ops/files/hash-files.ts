import { createHash, type Hash } from "node:crypto";
import { readSync } from "node:fs";
import { createIgnoreMatcher, type IgnoreMatcher, type IgnoreState } from "../../../lib/ignore/index.ts";
import { openRegular } from "../../../store/index.ts";
import {
  type CName,
  closeFd,
  cstring,
  getXattrsAt,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  openAt,
  openIn,
  type RawStat,
  readDirectory,
  readlinkAt,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  statAt,
} from "../../../system/index.ts";
import type { HashRequest } from "./copy-request.ts";
import { bytesOf, latin1, nameOf, resolved, split } from "./paths.ts";
import { isDirectory, type SelectedFile, selectFiles } from "./select-files.ts";

/** Digests of contents by what a file is: device, inode, size and times. Files whose owner keeps them as they are. */
const remembered = new Map<string, string>();
const MOST_REMEMBERED = 400_000;

/**
 * A digest of everything that copying a selection would give: names, kinds, modes, contents, link targets, attributes.
 * Times do not count, nor owners unless they are asked for: a touched file with the same bytes is the same.
 */
export function runHash(request: HashRequest, checkpoint: () => void): string {
  const hash = createHash("sha256");
  for (const selected of request.sources.flatMap(selectFiles))
    new TreeHash(hash, request, checkpoint).selected(selected);
  return `sha256:${hash.digest("hex")}`;
}

class TreeHash {
  readonly #hash: Hash;
  readonly #request: HashRequest;
  readonly #checkpoint: () => void;
  #matcher: IgnoreMatcher | undefined;

  constructor(hash: Hash, request: HashRequest, checkpoint: () => void) {
    this.#hash = hash;
    this.#request = request;
    this.#checkpoint = checkpoint;
  }

  selected({ root, path, name, above, stat, exclude }: SelectedFile): void {
    this.#matcher = exclude.length === 0 ? undefined : createIgnoreMatcher(exclude);
    const whole = isDirectory(stat);
    this.#line("selected", above, whole ? "" : latin1(name));
    const place = split(resolved(root, path));
    const dir = openIn(root, bytesOf(whole ? path : place.folder), O_RDONLY | O_DIRECTORY);
    try {
      if (whole) this.#properties(dir, DOT, stat, "");
      if (whole) this.#contents(dir, "", undefined);
      else this.#entry(dir, nameOf(place.name), stat, "", undefined);
    } finally {
      closeFd(dir);
    }
  }

  #contents(dir: number, path: string, state: IgnoreState | undefined): void {
    this.#checkpoint();
    for (const { name } of readDirectory(dir).sort((a, b) => Buffer.compare(a.name, b.name))) {
      const text = name.toString("latin1", 0, name.length - 1);
      const below = path === "" ? text : `${path}/${text}`;
      const next = this.#matcher?.enter(Buffer.from(below, "latin1").toString(), state);
      if (next?.prune === true) continue;
      const stat = statAt(dir, name);
      if (next?.ignored === true && !isDirectory(stat)) continue;
      this.#entry(dir, name, stat, below, next);
    }
  }

  #entry(dir: number, name: CName, stat: RawStat, path: string, state: IgnoreState | undefined): void {
    const type = stat.mode & S_IFMT;
    if (type === S_IFSOCK) return;
    this.#properties(dir, name, stat, path);
    if (type === S_IFDIR) {
      const fd = openAt(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      try {
        this.#contents(fd, path, state);
      } finally {
        closeFd(fd);
      }
    } else if (type === S_IFLNK) this.#line(readlinkAt(dir, name).toString("latin1"));
    else if (type === S_IFREG) this.#line(this.#digest(dir, name, stat));
    else this.#line(`${stat.rdevMajor}:${stat.rdevMinor}`);
  }

  #properties(dir: number, name: CName, stat: RawStat, path: string): void {
    const owner = this.#request.owners ? `${stat.uid}:${stat.gid}` : "";
    this.#line(path, stat.mode.toString(8), owner);
    // A client's folder comes without attributes.
    if (this.#request.stable) return;
    for (const [attribute, value] of [...getXattrsAt(dir, name)].sort(([a], [b]) => (a < b ? -1 : 1)))
      this.#line(attribute, value.toString("latin1"));
  }

  #digest(dir: number, name: CName, stat: RawStat): string {
    if (!this.#request.stable) return digestOf(dir, name);
    const key = `${stat.dev}/${stat.ino}/${stat.size}/${stat.mtime}/${stat.ctime}`;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const digest = digestOf(dir, name);
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    remembered.set(key, digest);
    return digest;
  }

  /** Each part with its length, so that no two lists of parts look the same. */
  #line(...parts: string[]): void {
    for (const part of parts) this.#hash.update(`${part.length}:${part}`, "latin1");
    this.#hash.update("\n");
  }
}

const DOT = cstring(".");
const buffer = Buffer.allocUnsafe(1024 * 1024);

function digestOf(dir: number, name: CName): string {
  const hash = createHash("sha256");
  const fd = openRegular(dir, name);
  try {
    for (let count = 1; count > 0; ) {
      count = readSync(fd, buffer, 0, buffer.length, null);
      hash.update(buffer.subarray(0, count));
    }
  } finally {
    closeFd(fd);
  }
  return hash.digest("hex");
}
