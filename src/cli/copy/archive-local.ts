import type { BigIntStats } from "node:fs";
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { encodeHeader, endOfArchive, paddingOf, type TarInput } from "../../lib/tar/index.ts";
import { nameIn, openFolder } from "./local-folder.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const CHUNK = 256 * 1024;
const BATCH = 256 * 1024;

/** Packs one entry of a local folder, with all below it, under `as`. No link is followed; sockets are left out. */
export async function* archiveLocal(folder: string, entry: string, as: string): AsyncGenerator<Buffer> {
  const root = openFolder(folder);
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for (const piece of new LocalArchive().entry(root, entry, as)) {
      parts.push(piece);
      length += piece.length;
      if (length < BATCH) continue;
      yield parts.length === 1 ? piece : Buffer.concat(parts, length);
      parts.length = 0;
      length = 0;
    }
    yield Buffer.concat([...parts, endOfArchive()]);
  } finally {
    closeSync(root);
  }
}

class LocalArchive {
  readonly #linked = new Map<string, string>();

  *entry(folder: number, name: string, as: string): Generator<Buffer> {
    const place = nameIn(folder, name);
    const stat = lstatSync(place, { bigint: true });
    if (stat.isDirectory()) yield* this.#directory(place, as);
    else if (stat.isSymbolicLink()) {
      const linkName = readlinkSync(place, { encoding: "buffer" });
      yield encodeHeader({ ...describe(stat, as), type: "symlink", linkName });
    } else if (stat.isFile()) yield* this.#file(place, as);
    else if (stat.isFIFO()) yield encodeHeader({ ...describe(stat, as), type: "fifo" });
    else if (stat.isCharacterDevice() || stat.isBlockDevice()) yield device(stat, as);
  }

  *#directory(place: string, as: string): Generator<Buffer> {
    const fd = openSync(place, O_RDONLY | O_DIRECTORY | (place.endsWith("/.") ? 0 : O_NOFOLLOW));
    try {
      yield encodeHeader({ ...describe(fstatSync(fd, { bigint: true }), `${as}/`), type: "directory" });
      for (const name of readdirSync(`/proc/self/fd/${fd}`).sort()) yield* this.entry(fd, name, `${as}/${name}`);
    } finally {
      closeSync(fd);
    }
  }

  *#file(place: string, as: string): Generator<Buffer> {
    const fd = openSync(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stat = fstatSync(fd, { bigint: true });
      if (!stat.isFile()) return;
      const first = this.#remember(stat, as);
      if (first !== undefined) {
        yield encodeHeader({ ...describe(stat, as), type: "hardlink", linkName: first });
        return;
      }
      const size = Number(stat.size);
      yield encodeHeader({ ...describe(stat, as), size });
      yield* contentOf(fd, size);
      yield Buffer.alloc(paddingOf(size));
    } finally {
      closeSync(fd);
    }
  }

  #remember(stat: BigIntStats, as: string): string | undefined {
    if (stat.nlink < 2n) return undefined;
    const inode = `${stat.dev}/${stat.ino}`;
    const first = this.#linked.get(inode);
    if (first === undefined) this.#linked.set(inode, as);
    return first;
  }
}

/** As many bytes as the header says: a file that became shorter is filled up with zeros. */
function* contentOf(fd: number, size: number): Generator<Buffer> {
  for (let done = 0; done < size; ) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size - done));
    const count = readSync(fd, buffer, 0, buffer.length, null);
    yield count === 0 ? buffer.fill(0) : buffer.subarray(0, count);
    done += count === 0 ? buffer.length : count;
  }
}

const describe = (stat: BigIntStats, name: string): TarInput => ({
  name,
  mode: Number(stat.mode) & 0o7777,
  uid: Number(stat.uid),
  gid: Number(stat.gid),
  mtime: stat.mtimeNs,
});

function device(stat: BigIntStats, as: string): Buffer {
  const number = Number(stat.rdev);
  const major = (number >> 8) & 0xfff;
  const minor = (number & 0xff) | ((number >> 12) & 0xfff00);
  return encodeHeader({ ...describe(stat, as), type: stat.isBlockDevice() ? "block" : "character", major, minor });
}
