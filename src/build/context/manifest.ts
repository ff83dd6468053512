import { BerthError, invalid } from "../../lib/index.ts";
import type { ContextLine } from "../../spec/api/index.ts";
import { S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG } from "../../system/index.ts";

/** One entry of a client's folder. */
export interface ManifestEntry {
  readonly path: string;
  readonly kind: "directory" | "file" | "symlink" | "fifo";
  /** Permissions: 07777. */
  readonly mode: number;
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  readonly target: string;
  /** Its line in the manifest, from 0. */
  readonly index: number;
  /** The line itself: two that are equal stand for the same content. */
  readonly line: string;
}

const MOST_ENTRIES = 5_000_000;
const LONGEST_PATH = 4096;
const KINDS: Record<number, ManifestEntry["kind"]> = {
  [S_IFDIR]: "directory",
  [S_IFREG]: "file",
  [S_IFLNK]: "symlink",
  [S_IFIFO]: "fifo",
};
/** Lines that are read before others have their turn. */
const BATCH = 2000;

/**
 * Reads a manifest. Throws "invalid" for a line that is none, a path that leads outside, that comes twice or whose folder
 * was not named before, "exhausted" beyond five million entries. Devices are passed over.
 */
export async function parseManifest(bytes: Buffer): Promise<Map<string, ManifestEntry>> {
  const entries = new Map<string, ManifestEntry>();
  const lines = bytes.toString("utf8").split("\n");
  if (lines.length > MOST_ENTRIES)
    throw new BerthError("exhausted", `the build context has more than ${MOST_ENTRIES} files`);
  for (const [index, line] of lines.entries()) {
    if (index % BATCH === BATCH - 1) await new Promise((resolve) => setImmediate(resolve));
    if (line === "") continue;
    const entry = parseLine(line, index);
    if (entry === undefined) continue;
    const slash = entry.path.lastIndexOf("/");
    const above = slash < 0 ? undefined : entries.get(entry.path.slice(0, slash));
    if (entries.has(entry.path) || (slash >= 0 && above?.kind !== "directory")) throw bad(entry.path);
    entries.set(entry.path, entry);
  }
  return entries;
}

function parseLine(line: string, index: number): ManifestEntry | undefined {
  let fields: ContextLine;
  try {
    fields = JSON.parse(line) as ContextLine;
  } catch {
    throw bad(line);
  }
  if (!Array.isArray(fields)) throw bad(line);
  const [path, mode, size, mtime, target = ""] = fields;
  const isNumber = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const isText = typeof path === "string" && typeof target === "string" && typeof mtime === "string";
  if (!isText || !isNumber(mode) || !isNumber(size) || !/^-?\d{1,19}$/.test(mtime)) throw bad(line);
  if (!isInside(path) || target.length > LONGEST_PATH || target.includes("\0")) throw bad(path);
  const kind = KINDS[mode & 0o170000];
  if (kind === undefined) return undefined;
  return { path, kind, mode: mode & 0o7777, size, mtime: BigInt(mtime), target, index, line };
}

const isInside = (path: string) =>
  path.length <= LONGEST_PATH &&
  !path.includes("\0") &&
  path.split("/").every((name) => name !== "" && name !== "." && name !== ".." && Buffer.byteLength(name) <= 255);

const bad = (what: string) => invalid(`invalid build context: ${JSON.stringify(what.slice(0, 200))}`);
