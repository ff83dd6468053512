import { posix } from "node:path";
import { invalid } from "../errors.ts";

/** Longest .dockerignore that is read, and how many patterns of it count. */
const LARGEST_FILE = 4 * 1024 * 1024;
const MOST_PATTERNS = 10_000;

/**
 * The patterns of a .dockerignore by moby's rules: `#` in the first column comments, blanks around a pattern go, a
 * leading `/` means nothing, paths are cleaned, `!` stays in front. Kind "invalid" beyond 4 MiB or 10,000 patterns.
 */
export function parseIgnoreFile(text: string): string[] {
  if (text.length > LARGEST_FILE) throw invalid(`ignore file is larger than the limit of ${LARGEST_FILE} bytes`);
  const patterns: string[] = [];
  for (const line of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const trimmed = line.trim();
    if (trimmed === "") continue;
    const negated = trimmed.startsWith("!");
    const path = cleanPath(negated ? trimmed.slice(1).trim() : trimmed);
    const relative = path.length > 1 && path.startsWith("/") ? path.slice(1) : path;
    patterns.push(negated ? `!${relative}` : relative);
    if (patterns.length > MOST_PATTERNS) throw invalid(`ignore file has more than ${MOST_PATTERNS} patterns`);
  }
  return patterns;
}

/** Go's filepath.Clean, but nothing stays nothing. */
export function cleanPath(path: string): string {
  if (path === "") return "";
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}
