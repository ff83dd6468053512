import { spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { type TarEntry, type TarHandler, TarParser } from "../../lib/tar/index.ts";
import { CliError } from "../core/cli-error.ts";
import { LocalFolders, nameIn, openFolder } from "./local-folder.ts";
import { type CopyPlan, renamed } from "./paths.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/**
 * Unpacks a daemon's archive in the plan's folder. The archive is hostile: no entry reaches outside the folder, by name
 * or by link, a directory never takes the place of something else or the reverse, devices are not made, and files
 * belong to the user. `warn` hears of what is left out.
 */
export class LocalWriter {
  readonly #parser: TarParser;
  readonly #handler: Handler;
  readonly #root: number;

  constructor(plan: CopyPlan, warn: (text: string) => void) {
    this.#root = openFolder(plan.folder);
    this.#handler = new Handler(this.#root, plan, warn);
    this.#parser = new TarParser(this.#handler);
  }

  write(chunk: Buffer): void {
    this.#parser.write(chunk);
  }

  /** The archive has ended: directories get what was held back. */
  finish(): void {
    this.#parser.end();
    this.#handler.finish();
  }

  close(): void {
    this.#handler.close();
    closeSync(this.#root);
  }
}

interface Place {
  folder: string;
  name: string;
}

class Handler implements TarHandler {
  readonly #folders: LocalFolders;
  readonly #plan: CopyPlan;
  readonly #warn: (text: string) => void;
  readonly #directories = new Map<string, TarEntry>();
  #file: { fd: number; entry: TarEntry; sparse: boolean } | undefined;

  constructor(root: number, plan: CopyPlan, warn: (text: string) => void) {
    this.#folders = new LocalFolders(root);
    this.#plan = plan;
    this.#warn = warn;
  }

  entry(entry: TarEntry): void {
    const place = this.#place(entry.name);
    if (place === undefined) return;
    const found = lstatSync(this.#at(place), { throwIfNoEntry: false });
    if (entry.type === "directory") this.#directory(place, entry, found);
    else this.#other(place, entry, found);
  }

  data(chunk: Buffer, offset: number): void {
    const file = this.#file;
    if (file === undefined) return;
    for (let done = 0; done < chunk.length; )
      done += writeSync(file.fd, chunk, done, chunk.length - done, file.sparse ? offset + done : null);
  }

  end(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    if (file.sparse) ftruncateSync(file.fd, file.entry.size);
    dress(file.fd, file.entry);
    closeSync(file.fd);
  }

  finish(): void {
    // The innermost first: a mode may forbid its owner to go in.
    for (const [path, entry] of [...this.#directories].reverse()) {
      const fd = openSync(this.#at(placeOf(path)), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      dress(fd, entry);
      closeSync(fd);
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.fd);
    this.#file = undefined;
    this.#folders.forget();
  }

  /** Where a name leads below the folder; undefined for the folder itself. */
  #place(name: Buffer): Place | undefined {
    const text = name.toString("utf8");
    const asked = this.#plan.rename === undefined ? text : renamed(text, this.#plan.rename);
    const path = insidePath(asked);
    return path === "" ? undefined : placeOf(path);
  }

  #at({ folder, name }: Place): string {
    return nameIn(this.#folders.get(folder), name);
  }

  #directory(place: Place, entry: TarEntry, found: Stats | undefined): void {
    const path = joined(place);
    if (found === undefined) mkdirSync(this.#at(place), 0o700);
    else if (!found.isDirectory()) throw new CliError(`cannot overwrite non-directory "${path}" with directory`);
    this.#directories.set(path, entry);
  }

  #other(place: Place, entry: TarEntry, found: Stats | undefined): void {
    if (found?.isDirectory()) throw new CliError(`cannot overwrite directory "${joined(place)}" with non-directory`);
    if (entry.type === "character" || entry.type === "block") {
      this.#warn(`${joined(place)}: a device, not copied`);
      return;
    }
    if (found !== undefined) unlinkSync(this.#at(place));
    if (entry.type === "file") this.#begin(place, entry);
    else if (entry.type === "symlink") this.#link(place, entry);
    else if (entry.type === "hardlink") this.#hardLink(place, entry);
    else makeFifo(this.#at(place), entry.mode);
  }

  #begin(place: Place, entry: TarEntry): void {
    const fd = openSync(this.#at(place), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    this.#file = { fd, entry, sparse: entry.sparse !== undefined };
  }

  #link(place: Place, entry: TarEntry): void {
    symlinkSync(entry.linkName, this.#at(place));
    const time = seconds(entry.mtime);
    lutimesSync(this.#at(place), time, time);
  }

  #hardLink(place: Place, entry: TarEntry): void {
    const target = this.#place(entry.linkName);
    if (target === undefined) throw new CliError(`invalid hard link "${joined(place)}" in the archive`);
    const from = this.#at(target);
    // Only to a file of this folder; what a link there names is somebody else's.
    if (!lstatSync(from).isFile()) throw new CliError(`invalid hard link "${joined(place)}" in the archive`);
    linkSync(from, this.#at(place));
  }
}

const joined = ({ folder, name }: Place) => (folder === "" ? name : `${folder}/${name}`);

function placeOf(path: string): Place {
  const slash = path.lastIndexOf("/");
  return { folder: slash < 0 ? "" : path.slice(0, slash), name: path.slice(slash + 1) };
}

/** The path without ".", doubled slashes and a slash in front; throws where ".." leads outside. */
function insidePath(name: string): string {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined)
      throw new CliError(`the archive has an entry outside of it: ${JSON.stringify(name)}`);
  }
  return parts.join("/");
}

const seconds = (ns: bigint) => Number(ns) / 1e9;

function dress(fd: number, entry: TarEntry): void {
  fchmodSync(fd, entry.mode);
  const time = seconds(entry.mtime);
  futimesSync(fd, time, time);
}

function makeFifo(path: string, mode: number): void {
  const done = spawnSync("mkfifo", ["-m", mode.toString(8), path.replace("/proc/self/", `/proc/${process.pid}/`)]);
  if (done.status !== 0) rmSync(path, { force: true });
}
