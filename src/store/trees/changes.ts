import {
  AT_FDCWD,
  type CName,
  closeFd,
  codeOf,
  cstring,
  getXattrsAt,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  openAt,
  type RawStat,
  readDirectory,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  statAtIfAny,
} from "../../system/index.ts";
import { isWhiteout, OPAQUE_ATTRIBUTE } from "../layers/overlay-form.ts";

/** One path that differs; its bytes as latin1, with a slash in front. The numbers are Docker's. */
export interface TreeChange {
  kind: (typeof CHANGE)[keyof typeof CHANGE];
  path: string;
}

export const CHANGE = { modified: 0, added: 1, deleted: 2 } as const;

export interface ChangesRequest {
  /** A writable layer in overlay's form. */
  upper: string;
  /** What is seen without it; absent where there is nothing below. */
  lower?: string;
  /** Leave out what the engine itself puts into every container's root. */
  skeleton?: boolean;
}

/**
 * What a writable layer changes, by Docker's rules: a directory counts as modified where its own properties differ or
 * something in it does, other things where a property or the time does. Each directory before what is in it, in the
 * order of the names' bytes. An upper layer that is not there changes nothing.
 */
export function changesOf(request: ChangesRequest, checkpoint: () => void = () => {}): TreeChange[] {
  const upper = openFolder(AT_FDCWD, cstring(request.upper));
  if (upper === undefined) return [];
  const lower = request.lower === undefined ? undefined : openFolder(AT_FDCWD, cstring(request.lower));
  try {
    const walk = new Walk(request.skeleton === true, checkpoint);
    walk.contents(upper, lower, "");
    return walk.changes;
  } finally {
    closeFd(upper);
    if (lower !== undefined) closeFd(lower);
  }
}

const DOT = cstring(".");

class Walk {
  readonly changes: TreeChange[] = [];
  readonly #skeleton: boolean;
  readonly #checkpoint: () => void;

  constructor(skeleton: boolean, checkpoint: () => void) {
    this.#skeleton = skeleton;
    this.#checkpoint = checkpoint;
  }

  contents(upper: number, lower: number | undefined, path: string): void {
    this.#checkpoint();
    const names = new Map(readDirectory(upper).map(({ name }) => [name.toString("latin1"), name]));
    const hidden = new Map<string, CName>();
    if (lower !== undefined && isOpaque(upper)) {
      for (const { name } of readDirectory(lower)) hidden.set(name.toString("latin1"), name);
    }
    for (const [key, name] of [...names, ...hidden].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
      const at = `${path}/${key.slice(0, -1)}`;
      if (names.get(key) === name) this.#entry(upper, lower, name, at);
      else if (!names.has(key)) this.changes.push({ kind: CHANGE.deleted, path: at });
    }
  }

  #entry(upper: number, lower: number | undefined, name: CName, path: string): void {
    const now = statAtIfAny(upper, name);
    if (now === undefined) return;
    const before = lower === undefined ? undefined : statAtIfAny(lower, name);
    if (isWhiteout(now)) {
      if (before !== undefined) this.changes.push({ kind: CHANGE.deleted, path });
      return;
    }
    const made = this.#skeleton && before === undefined && isSkeleton(path, now);
    const differs = before === undefined || differ(before, now) || attributesDiffer(lower, upper, name);
    const change: TreeChange = { kind: before === undefined ? CHANGE.added : CHANGE.modified, path };
    const length = this.changes.length;
    if ((now.mode & S_IFMT) === S_IFDIR)
      this.#directory(upper, before && isFolder(before) ? lower : undefined, name, path);
    if ((differs && !made) || this.changes.length > length) this.changes.splice(length, 0, change);
  }

  #directory(upper: number, lower: number | undefined, name: CName, path: string): void {
    const fd = openFolder(upper, name);
    if (fd === undefined) return;
    const below = lower === undefined ? undefined : openFolder(lower, name);
    try {
      this.contents(fd, below, path);
    } finally {
      closeFd(fd);
      if (below !== undefined) closeFd(below);
    }
  }
}

const isFolder = (stat: RawStat) => (stat.mode & S_IFMT) === S_IFDIR;
const isOpaque = (fd: number) => getXattrsAt(fd, DOT).get(OPAQUE_ATTRIBUTE)?.toString() === "y";

function differ(before: RawStat, now: RawStat): boolean {
  if (before.mode !== now.mode || before.uid !== now.uid || before.gid !== now.gid) return true;
  if (before.rdevMajor !== now.rdevMajor || before.rdevMinor !== now.rdevMinor) return true;
  return !isFolder(now) && (before.size !== now.size || before.mtime !== now.mtime);
}

function attributesDiffer(lower: number | undefined, upper: number, name: CName): boolean {
  if (lower === undefined) return true;
  const [a, b] = [lower, upper].map((dir) =>
    [...getXattrsAt(dir, name)].filter(([key]) => !key.startsWith("trusted.overlay.")),
  );
  const text = (list: [string, Buffer][] | undefined) =>
    (list ?? []).map(([key, value]) => `${key}=${value.toString("latin1")}`).join("\0");
  return text(a) !== text(b);
}

const SKELETON_FOLDERS = new Set(["/etc", "/dev", "/dev/pts", "/dev/shm", "/proc", "/sys"]);
const SKELETON_FILES = new Set([
  "/.dockerenv",
  "/etc/hostname",
  "/etc/hosts",
  "/etc/resolv.conf",
  "/etc/mtab",
  "/dev/console",
]);

/** What Docker keeps in a layer of its own below the container's: places to mount on, and the mark of a container. */
function isSkeleton(path: string, stat: RawStat): boolean {
  const type = stat.mode & S_IFMT;
  if (type === S_IFDIR) return SKELETON_FOLDERS.has(path);
  return SKELETON_FILES.has(path) && (path === "/etc/mtab" ? type === S_IFLNK : type === S_IFREG && stat.size === 0);
}

function openFolder(dir: number, name: CName): number | undefined {
  try {
    return openAt(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw error;
  }
}
