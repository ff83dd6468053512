import { closeSync, writeSync } from "node:fs";
import { invalid } from "../../lib/index.ts";
import { type TarEntry, TarParser } from "../../lib/tar/index.ts";
import {
  chmodAt,
  chmodFd,
  codeOf,
  cstring,
  mkdirAt,
  mknodAt,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  openAt,
  openIn,
  openRoot,
  rmdirAt,
  S_IFIFO,
  setTimesAt,
  setTimesFd,
  symlinkAt,
  unlinkAt,
} from "../../system/index.ts";
import type { ManifestEntry } from "./manifest.ts";

type Entries = ReadonlyMap<string, ManifestEntry>;

/** Calls `use` with the open folder of a path and its name there. Links on the way stay inside the root. */
function at<T>(root: number, path: string, use: (folder: number, name: Buffer) => T): T {
  const slash = path.lastIndexOf("/");
  const name = cstring(path.slice(slash + 1));
  if (slash < 0) return use(root, name);
  const folder = openIn(root, path.slice(0, slash), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  try {
    return use(folder, name);
  } finally {
    closeSync(folder);
  }
}

/**
 * Makes a folder what the new manifest says, but for the contents of files: gives those that it lacks. What is the same
 * in both manifests is not touched.
 */
export async function applyManifest(path: string, before: Entries, after: Entries): Promise<ManifestEntry[]> {
  const root = openRoot(path);
  try {
    // The innermost first.
    for (const entry of [...before.values()].reverse()) {
      const now = after.get(entry.path);
      if (now === undefined || (now.line !== entry.line && (now.kind !== "directory" || entry.kind !== "directory")))
        remove(root, entry);
    }
    const lacked: ManifestEntry[] = [];
    let count = 0;
    for (const entry of after.values()) {
      if (++count % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
      const known = before.get(entry.path);
      if (known?.line === entry.line) continue;
      if (entry.kind === "file") lacked.push(entry);
      else make(root, entry, known?.kind === "directory");
    }
    return lacked;
  } finally {
    closeSync(root);
  }
}

function remove(root: number, { path, kind }: ManifestEntry): void {
  try {
    at(root, path, (folder, name) => (kind === "directory" ? rmdirAt(folder, name) : unlinkAt(folder, name)));
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

function make(root: number, { path, kind, mode, target, mtime }: ManifestEntry, exists: boolean): void {
  at(root, path, (folder, name) => {
    if (kind === "symlink") symlinkAt(cstring(target), folder, name);
    else if (kind === "fifo") mknodAt(folder, name, S_IFIFO | mode);
    else if (!exists) mkdirAt(folder, name, 0o700);
    if (kind !== "symlink") chmodAt(folder, name, mode);
    setTimesAt(folder, name, mtime, mtime);
  });
}

/** Takes the lacked files out of an archive: each once, of the size that was named, and nothing else. */
export class FileReceiver {
  readonly #root: number;
  readonly #lacked: Map<string, ManifestEntry>;
  readonly #parser: TarParser;
  #open: { fd: number; entry: ManifestEntry } | undefined;

  constructor(path: string, lacked: readonly ManifestEntry[]) {
    this.#root = openRoot(path);
    this.#lacked = new Map(lacked.map((entry) => [entry.path, entry]));
    this.#parser = new TarParser({
      entry: (entry) => this.#begin(entry),
      data: (chunk, offset) => this.#data(chunk, offset),
      end: () => this.#end(),
    });
  }

  write(chunk: Buffer): void {
    this.#parser.write(chunk);
  }

  /** The archive has ended. Throws "invalid" where files are missing. */
  finish(): void {
    this.#parser.end();
    const [missing] = this.#lacked.keys();
    if (missing !== undefined) throw invalid(`the build context lacks ${JSON.stringify(missing)}`);
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
    closeSync(this.#root);
  }

  #begin({ name, type, size }: TarEntry): void {
    const path = name.toString("utf8");
    const entry = this.#lacked.get(path);
    if (entry === undefined || type !== "file" || size !== entry.size)
      throw invalid(`the build context has what its manifest does not name: ${JSON.stringify(path.slice(0, 200))}`);
    this.#lacked.delete(path);
    const fd = at(this.#root, path, (folder, file) =>
      openAt(folder, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600),
    );
    this.#open = { fd, entry };
  }

  #data(chunk: Buffer, offset: number): void {
    if (this.#open === undefined) return;
    for (let done = 0; done < chunk.length; )
      done += writeSync(this.#open.fd, chunk, done, chunk.length - done, offset + done);
  }

  #end(): void {
    if (this.#open === undefined) return;
    const { fd, entry } = this.#open;
    this.#open = undefined;
    chmodFd(fd, entry.mode);
    setTimesFd(fd, entry.mtime, entry.mtime);
    closeSync(fd);
  }
}

/** Gives folders their times, which making what is in them has changed. */
export async function settleFolders(path: string, entries: Entries): Promise<void> {
  const root = openRoot(path);
  try {
    let count = 0;
    for (const entry of [...entries.values()].reverse()) {
      if (entry.kind !== "directory") continue;
      if (++count % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
      at(root, entry.path, (folder, name) => setTimesAt(folder, name, entry.mtime, entry.mtime));
    }
  } finally {
    closeSync(root);
  }
}
