import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { encodeHeader, endOfArchive, paddingOf, type TarInput } from "../../../lib/tar/index.ts";
import { failure } from "../fail.ts";
import type { ContextEntry } from "./walk.ts";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const BATCH = 1024 * 1024;

/** Files that go into the archive as they are given: a Dockerfile that lies elsewhere, say. */
export interface ExtraFile {
  readonly name: string;
  readonly data: Buffer;
}

/**
 * A tar of a folder's entries, all owned by root. A file that changes while it is read ends it: what is built would be
 * neither the old nor the new one.
 */
export async function* packContext(
  folder: string,
  entries: readonly ContextEntry[],
  extra: readonly ExtraFile[] = [],
): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for (const piece of pieces(folder, entries, extra)) {
    parts.push(piece);
    length += piece.length;
    if (length < BATCH) continue;
    yield Buffer.concat(parts, length);
    parts = [];
    length = 0;
  }
  yield Buffer.concat([...parts, endOfArchive()]);
}

function* pieces(folder: string, entries: readonly ContextEntry[], extra: readonly ExtraFile[]): Generator<Buffer> {
  const replaced = new Set(extra.map(({ name }) => name));
  for (const entry of entries) {
    if (replaced.has(entry.path)) continue;
    const { stat, path, target } = entry;
    if (target !== undefined) yield encodeHeader({ ...describe(entry), type: "symlink", linkName: target });
    else if (stat.isDirectory()) yield encodeHeader({ ...describe(entry), name: `${path}/`, type: "directory" });
    else if (stat.isFile()) yield* file(folder, entry);
    else if (stat.isFIFO()) yield encodeHeader({ ...describe(entry), type: "fifo" });
  }
  for (const { name, data } of extra) {
    yield encodeHeader({ name, mode: 0o644, size: data.length });
    yield data;
    yield Buffer.alloc(paddingOf(data.length));
  }
}

const describe = ({ path, stat }: ContextEntry): TarInput => ({
  name: path,
  mode: stat.mode & 0o7777,
  mtime: mtimeOf(stat),
});

/** Nanoseconds since 1970, as far as a double tells them. */
export const mtimeOf = ({ mtimeMs }: { mtimeMs: number }): bigint => {
  const seconds = Math.floor(mtimeMs / 1000);
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.round((mtimeMs - seconds * 1000) * 1e6));
};

function* file(folder: string, entry: ContextEntry): Generator<Buffer> {
  const fd = openFile(`${folder}/${entry.path}`, entry.path);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size !== entry.stat.size || stat.mtimeMs !== entry.stat.mtimeMs)
      throw changed(entry.path);
    yield encodeHeader({ ...describe(entry), size: stat.size });
    for (let done = 0; done < stat.size; ) {
      const buffer = Buffer.allocUnsafe(Math.min(BATCH, stat.size - done));
      const count = readSync(fd, buffer, 0, buffer.length, null);
      if (count === 0) throw changed(entry.path);
      yield buffer.subarray(0, count);
      done += count;
    }
    const after = fstatSync(fd);
    if (after.size !== stat.size || after.mtimeMs !== stat.mtimeMs) throw changed(entry.path);
    yield Buffer.alloc(paddingOf(stat.size));
  } finally {
    closeSync(fd);
  }
}

function openFile(place: string, path: string): number {
  try {
    return openSync(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ELOOP" || code === "ENOTDIR") throw changed(path);
    throw error;
  }
}

const changed = (path: string) =>
  failure(`the build context changed while it was read: ${path}: build again when nothing writes to it`);
