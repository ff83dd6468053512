import { invalid } from "../../../lib/index.ts";
import type { MountInfo } from "../../../system/index.ts";

/**
 * Docker's refusal of a propagation that the source's own mount does not have: "shared" needs a shared mount, "slave" a
 * shared one or a slave. Throws "invalid". `source` is absolute and without links.
 */
export function checkPropagation(source: string, propagation: string, mounts: readonly MountInfo[]): void {
  const wanted = propagation.replace(/^r/, "");
  if (wanted !== "shared" && wanted !== "slave") return;
  const mount = mountOf(source, mounts);
  const has = (kind: string) => mount?.optional.some((field) => field.startsWith(`${kind}:`)) === true;
  if (has("shared") || (wanted === "slave" && has("master"))) return;
  const what = wanted === "shared" ? "a shared mount" : "a shared or slave mount";
  throw invalid(`path ${source} is mounted on ${mount?.mountPoint ?? "/"} but it is not ${what}`);
}

/** The mount that a path is on: the longest mount point above it, the last one of those. */
function mountOf(path: string, mounts: readonly MountInfo[]): MountInfo | undefined {
  let found: MountInfo | undefined;
  for (const mount of mounts) {
    const { mountPoint } = mount;
    const above = mountPoint === "/" || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (above && mountPoint.length >= (found?.mountPoint.length ?? 0)) found = mount;
  }
  return found;
}
