import { createHash, type Hash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { BerthError } from "../../lib/index.ts";
import { DEFAULT_TAR_LIMITS, type TarEntry, TarParser } from "../../lib/tar/index.ts";

/** A member of a spooled archive. `file` is where its content is, `digest` what it is; links have neither. */
export interface SpooledEntry {
  /** As a path inside the archive: no leading "./" or "/", no "..", "/" between the parts. */
  name: string;
  /** Target of a symbolic link (relative to its own folder) or of a hard link (relative to the archive). */
  link?: { symbolic: boolean; target: string };
  size: number;
  digest?: string;
  file?: string;
}

export interface SpoolLimits {
  /** Members; and bytes of the archive after decompression. */
  entries: number;
  bytes: number;
}

/**
 * Writes the files of an image archive one by one into a folder, under numbers and not under their names, hashing
 * them on the way. Folders and devices are passed over. Throws "invalid" or "exhausted".
 */
export function createSpool(
  folder: string,
  limits: SpoolLimits,
): { write(chunk: Buffer): void; end(): SpooledEntry[] } {
  const entries: SpooledEntry[] = [];
  let current: { entry: SpooledEntry; fd: number; hash: Hash } | undefined;
  const close = (): void => {
    if (current === undefined) return;
    fs.closeSync(current.fd);
    current.entry.digest = `sha256:${current.hash.digest("hex")}`;
    current = undefined;
  };
  const parser = new TarParser(
    {
      entry(entry) {
        const name = memberName(entry);
        if (name === undefined) return;
        if (entry.type === "symlink" || entry.type === "hardlink") {
          const link = { symbolic: entry.type === "symlink", target: entry.linkName.toString("utf8") };
          entries.push({ name, size: 0, link });
        }
        if (entry.type !== "file") return;
        if (entry.sparse !== undefined) throw new BerthError("invalid", `sparse file in an image archive: ${name}`);
        const file = join(folder, String(entries.length));
        const spooled = { name, size: entry.size, file };
        entries.push(spooled);
        current = { entry: spooled, fd: fs.openSync(file, "wx", 0o600), hash: createHash("sha256") };
      },
      data(chunk) {
        if (current === undefined) return;
        for (let done = 0; done < chunk.length; ) done += fs.writeSync(current.fd, chunk, done);
        current.hash.update(chunk);
      },
      end: close,
    },
    { ...DEFAULT_TAR_LIMITS, entries: limits.entries, archiveBytes: limits.bytes, contentBytes: limits.bytes },
  );
  return {
    write: (chunk) => parser.write(chunk),
    end() {
      parser.end();
      return entries;
    },
  };
}

/** The member's place in the archive; undefined for the root itself. A name that leaves the archive throws "invalid". */
function memberName(entry: TarEntry): string | undefined {
  const parts = entry.name
    .toString("utf8")
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new BerthError("invalid", "invalid tar archive: a name leaves the archive");
  return parts.length === 0 ? undefined : parts.join("/");
}
