import { closeSync, fstatSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { doing, invalid } from "../../../lib/index.ts";
import { codeOf, MS, mount, mountOverlay, O_PATH, openIn } from "../../../system/index.ts";
import type { MountRoot } from "./step.ts";
import type { StepPlace } from "./step-place.ts";

// Layers come from outside: nothing in them may redirect the kernel elsewhere.
const OPTIONS = ["redirect_dir=nofollow", "metacopy=off", "index=off", "volatile"];
const READ_ONLY = OPTIONS.slice(0, 3);

/** A folder of the host's that shows the root's content. With `writable`, what is written goes to the step's scratch. */
export function openMountRoot(place: StepPlace, { lowers }: MountRoot, writable: boolean): string {
  const [only = place.layers.empty, ...others] = lowers;
  if (!writable && others.length === 0) return only;
  const target = place.next("root");
  mkdirSync(target, { mode: 0o700 });
  const overlay = { target, base: place.layers.folder };
  const layers = lowers.length === 0 ? [place.layers.empty] : [...lowers].reverse();
  if (writable) {
    const scratch = place.scratch();
    mkdirSync(join(scratch, "upper"), { mode: 0o755 });
    mkdirSync(join(scratch, "work"), { mode: 0o700 });
    mountOverlay({
      ...overlay,
      lowers: layers,
      upper: join(scratch, "upper"),
      work: join(scratch, "work"),
      options: OPTIONS,
    });
  } else {
    // Without a writable layer the kernel wants two.
    mountOverlay({ ...overlay, lowers: [...layers, place.layers.empty], options: READ_ONLY });
  }
  place.mounted(target);
  return target;
}

/**
 * Binds a path inside a root to a place of the step's own, and gives that. Others may change links in the root at any
 * moment: so the path is opened inside it and what was opened is mounted, not its name (CVE-2024-23651).
 */
export function pinSource(place: StepPlace, root: string, source: string): string {
  const fd = openSource(root, source);
  try {
    const target = place.next("source");
    if (fstatSync(fd).isDirectory()) mkdirSync(target, { mode: 0o700 });
    else writeFileSync(target, "", { mode: 0o600 });
    mount(`/proc/self/fd/${fd}`, target, undefined, MS.BIND);
    place.mounted(target);
    return target;
  } finally {
    closeSync(fd);
  }
}

function openSource(root: string, source: string): number {
  let fd: number;
  try {
    fd = openIn(root, source, O_PATH);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") throw invalid(`"${source}": not found`);
    throw doing(`cannot open the mount's source "${source}"`, error);
  }
  const stat = fstatSync(fd);
  if (stat.isDirectory() || stat.isFile()) return fd;
  closeSync(fd);
  throw invalid(`"${source}" is neither a file nor a directory`);
}
