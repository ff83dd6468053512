import { BerthError } from "../../lib/index.ts";
import { encodeHeader, endOfArchive, paddingOf } from "../../lib/tar/index.ts";
import type { Digest } from "../../spec/index.ts";
import type { BlobStore } from "../../store/index.ts";

/** A file of an archive: bytes, or a blob that is read when it is its turn. */
export type ArchiveFile = { name: string } & ({ bytes: Buffer } | { blob: Digest; size: number });

export const blobName = (digest: Digest): string => `blobs/sha256/${digest.slice(digest.indexOf(":") + 1)}`;

/** An archive of files under blobs/sha256/ and at the top, by name and without times: the same files, the same bytes. */
export async function* archiveOf(blobs: BlobStore, files: readonly ArchiveFile[]): AsyncGenerator<Buffer> {
  for (const name of ["blobs/", "blobs/sha256/"]) yield encodeHeader({ name, type: "directory", mode: 0o755 });
  const distinct = new Map(files.map((file) => [file.name, file]));
  for (const file of [...distinct.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const size = "bytes" in file ? file.bytes.length : file.size;
    yield encodeHeader({ name: file.name, size, mode: 0o644 });
    if ("bytes" in file) yield file.bytes;
    else yield* exactly(blobs, file.blob, size);
    yield Buffer.alloc(paddingOf(size));
  }
  yield endOfArchive();
}

async function* exactly(blobs: BlobStore, digest: Digest, size: number): AsyncGenerator<Buffer> {
  let left = size;
  for await (const chunk of blobs.openRead(digest)) {
    left -= (chunk as Buffer).length;
    if (left < 0) break;
    yield chunk as Buffer;
  }
  if (left !== 0) throw new BerthError("corrupt", `blob ${digest} has another size than ${size}`);
}
