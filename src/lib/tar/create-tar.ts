import { paddingOf } from "./entry.ts";
import { encodeHeader, endOfArchive, type TarInput } from "./writer.ts";

/** An entry and what it holds; `size` follows from the content unless the entry is sparse. */
export type TarMember = TarInput & { content?: Buffer | string };

/**
 * A small archive in memory: the same members give the same bytes. Where an entry has a sparse map, the content is its
 * segments one after the other and `size` the file's.
 */
export function createTar(members: Iterable<TarMember>): Buffer {
  const parts: Buffer[] = [];
  for (const { content, ...entry } of members) {
    const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : (content ?? Buffer.alloc(0));
    parts.push(encodeHeader({ ...entry, size: entry.sparse === undefined ? bytes.length : (entry.size ?? 0) }));
    parts.push(bytes, Buffer.alloc(paddingOf(bytes.length)));
  }
  parts.push(endOfArchive());
  return Buffer.concat(parts);
}
