import {
  AT_FDCWD,
  type CName,
  closeFd,
  codeOf,
  cstring,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  openAt,
  readDirectory,
  S_IFDIR,
  S_IFMT,
  statAtIfAny,
} from "../../system/index.ts";

export interface DiskUsage {
  /** Sizes of everything but directories, each inode once: what Docker shows as a size. */
  bytes: number;
  /** What is allocated on disk, directories included. */
  allocated: number;
  /** Names, the top not counted. */
  entries: number;
}

const MAX_DEPTH = 2000;

/** Adds up a tree, synchronously, following no link. What disappears meanwhile is left out, and so is what lies deeper
 * than 2000 directories. A missing path is empty. */
export function diskUsageOf(path: string, checkpoint: () => void = () => {}): DiskUsage {
  const walk = new Walk(checkpoint);
  walk.directory(AT_FDCWD, cstring(path), 0);
  return walk.usage;
}

class Walk {
  readonly usage: DiskUsage = { bytes: 0, allocated: 0, entries: 0 };
  readonly #seen = new Set<string>();
  readonly #checkpoint: () => void;

  constructor(checkpoint: () => void) {
    this.#checkpoint = checkpoint;
  }

  directory(dir: number, name: CName, depth: number): void {
    const fd = openDirectory(dir, name);
    if (fd === undefined) return;
    try {
      this.#checkpoint();
      for (const entry of readDirectory(fd)) this.#entry(fd, entry.name, depth);
    } finally {
      closeFd(fd);
    }
  }

  #entry(dir: number, name: CName, depth: number): void {
    const stat = statAtIfAny(dir, name);
    if (stat === undefined) return;
    this.usage.entries++;
    const isDirectory = (stat.mode & S_IFMT) === S_IFDIR;
    if (!isDirectory && stat.nlink > 1) {
      const inode = `${stat.dev}/${stat.ino}`;
      if (this.#seen.has(inode)) return;
      this.#seen.add(inode);
    }
    this.usage.allocated += stat.blocks * 512;
    if (!isDirectory) this.usage.bytes += stat.size;
    else if (depth < MAX_DEPTH) this.directory(dir, name, depth + 1);
  }
}

function openDirectory(dir: number, name: CName): number | undefined {
  try {
    return openAt(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw error;
  }
}
