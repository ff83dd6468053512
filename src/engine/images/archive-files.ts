import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { BerthError, invalid } from "../../lib/index.ts";
import { type Descriptor, parseDigest } from "../../spec/index.ts";
import type { SpooledEntry } from "../../store/index.ts";

const documentLimit = 8 * 1024 * 1024;
const linkLimit = 40;

/** The files of a spooled archive by their names in it. Links are followed inside the table only: no path is opened. */
export interface ArchiveFiles {
  /** The file of that name; undefined where there is none. */
  find(name: string): SpooledEntry | undefined;
  /** A document's bytes. Kind "exhausted" where it is larger than 8 MiB. */
  read(entry: SpooledEntry): Promise<Buffer>;
  /** The blob that a descriptor means. Kinds: "invalid" where it is missing, "corrupt" where it is not what it says. */
  blob(descriptor: Descriptor): SpooledEntry;
  readBlob(descriptor: Descriptor): Promise<Buffer>;
}

export function archiveFiles(entries: readonly SpooledEntry[]): ArchiveFiles {
  // As when an archive is extracted, the last of equal names stays.
  const table = new Map(entries.map((entry) => [entry.name, entry]));
  const find = (name: string): SpooledEntry | undefined => {
    let path = posix.normalize(`/${name}`);
    for (let hops = 0; hops < linkLimit; hops++) {
      const entry = table.get(path.slice(1));
      if (entry?.link === undefined) return entry === undefined ? undefined : verified(entry);
      const { symbolic, target } = entry.link;
      path = symbolic ? posix.resolve("/", posix.dirname(path), target) : posix.normalize(`/${target}`);
    }
    throw invalid(`too many links in the archive at ${JSON.stringify(name.slice(0, 200))}`);
  };
  const blob = (descriptor: Descriptor): SpooledEntry => {
    const { algorithm, hex } = parseDigest(descriptor.digest);
    const entry = find(`blobs/${algorithm}/${hex}`);
    if (entry === undefined) throw invalid(`the archive does not hold blob ${descriptor.digest}`);
    if (entry.digest !== descriptor.digest || entry.size !== descriptor.size)
      throw new BerthError("corrupt", `blob ${descriptor.digest} of the archive is not what its descriptor says`);
    return entry;
  };
  const read = async (entry: SpooledEntry): Promise<Buffer> => {
    if (entry.size > documentLimit)
      throw new BerthError("exhausted", `${entry.name} in the archive is larger than ${documentLimit} bytes`);
    return readFile(entry.file ?? "");
  };
  return { find, read, blob, readBlob: (descriptor) => read(blob(descriptor)) };
}

/** A file that is named by a digest must have it. */
function verified(entry: SpooledEntry): SpooledEntry {
  const [, hex] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(entry.name) ?? [];
  if (hex !== undefined && entry.digest !== `sha256:${hex}`)
    throw new BerthError("corrupt", `${entry.name} of the archive has digest ${entry.digest}`);
  return entry;
}
