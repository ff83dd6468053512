import { type RawStat, S_IFCHR, S_IFMT } from "../../system/index.ts";

/** How overlayfs marks a layer's directories and hidden names (kernel documentation, filesystems/overlayfs). */
export const OPAQUE_ATTRIBUTE = "trusted.overlay.opaque";
export const OPAQUE_VALUE = Buffer.from("y");

const OVERLAY = "trusted.overlay.";
const ESCAPED = "trusted.overlay.overlay.";

/**
 * The name under which an archive's attribute is kept on disk. Overlayfs's own would let an archive redirect a
 * directory or a file's content elsewhere in the layers; the kernel shows the escaped name to a container as the plain
 * one (nested overlays) and gives it no meaning.
 */
export function diskAttribute(name: string): string {
  return name.startsWith(OVERLAY) ? ESCAPED + name.slice(OVERLAY.length) : name;
}

/** The inverse: the archive's name of an attribute on disk, undefined for those that overlayfs keeps for itself. */
export function archiveAttribute(name: string): string | undefined {
  if (name.startsWith(ESCAPED)) return OVERLAY + name.slice(ESCAPED.length);
  return name.startsWith(OVERLAY) ? undefined : name;
}

/** A character device 0/0 hides the lower layers' name. */
export function isWhiteout(stat: RawStat | undefined): boolean {
  return stat !== undefined && (stat.mode & S_IFMT) === S_IFCHR && stat.rdevMajor === 0 && stat.rdevMinor === 0;
}
