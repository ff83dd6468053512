import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { codeOf } from "../ffi.ts";
import { type MountInfo, readMounts } from "../mount.ts";

/** How the host's control groups are mounted. In hybrid mode limits are v1's and cgroup2 stands beside them. */
export interface CgroupLayout {
  mode: "v1" | "hybrid" | "v2" | "none";
  /** Which kind holds the limits: 2 in mode v2, otherwise 1. */
  version: 1 | 2;
  /** v1: mount point of each controller ("memory", "cpu", "name=systemd" …). */
  controllers: ReadonlyMap<string, string>;
  /** Mount point of cgroup2, where there is one. */
  unified: string | undefined;
  /** Controllers that cgroup2 holds: all of them in mode v2, leftovers in hybrid mode. */
  unifiedControllers: readonly string[];
}

const V1_FLAGS = new Set(["rw", "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode", "seclabel"]);

function v1Controllers(mounts: readonly MountInfo[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const mount of mounts) {
    if (mount.type !== "cgroup") continue;
    for (const option of mount.superOptions) {
      if (V1_FLAGS.has(option) || option.startsWith("release_agent=") || option === "") continue;
      if (!found.has(option)) found.set(option, mount.mountPoint);
    }
  }
  return found;
}

/** Reads the layout off a mount table. `readControllers` gives the text of a cgroup2 mount's cgroup.controllers. */
export function cgroupLayout(
  mounts: readonly MountInfo[],
  readControllers: (mountPoint: string) => string,
): CgroupLayout {
  const controllers = v1Controllers(mounts);
  const unified = mounts.find((mount) => mount.type === "cgroup2")?.mountPoint;
  const unifiedControllers = unified === undefined ? [] : words(readControllers(unified));
  const limits = [...controllers.keys()].some((name) => !name.startsWith("name="));
  if (!limits && unified !== undefined) return { mode: "v2", version: 2, controllers, unified, unifiedControllers };
  const mode = controllers.size === 0 ? "none" : unified === undefined ? "v1" : "hybrid";
  return { mode, version: 1, controllers, unified, unifiedControllers };
}

/** The words of a file that the kernel separates by white space. */
export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** A file's text, or undefined where it is not there (the cgroup is gone, the controller has no such file). */
export function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = codeOf(error);
    // ENODEV and EOPNOTSUPP: the cgroup went away, or the controller is off, between open and read.
    if (code === "ENOENT" || code === "ENODEV" || code === "ENOTDIR" || code === "EOPNOTSUPP") return undefined;
    throw error;
  }
}

/** The layout of this host, as this process sees it now. */
export function detectCgroups(): CgroupLayout {
  return cgroupLayout(readMounts(), (mountPoint) => readOptional(`${mountPoint}/cgroup.controllers`) ?? "");
}

/**
 * The path of a container's cgroup below every mount point. A parent ("/berth" unless given) cannot lead above the
 * mount point: its dots are resolved first.
 */
export function containerCgroupPath(id: string, parent = ""): string {
  return posix.join("/", posix.join("/", parent === "" ? "berth" : parent), id);
}

/** Parses /proc/PID/cgroup: controller (or "" for cgroup2) to path. */
export function parseOwnCgroups(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, names, ...path] = line.split(":");
    if (names === undefined || path.length === 0) continue;
    for (const name of names.split(",")) found.set(name, path.join(":"));
  }
  return found;
}

/** The directories of one cgroup path, one per hierarchy, in no particular order. Throws for a path that is the root. */
export function cgroupDirs(layout: CgroupLayout, path: string): string[] {
  const clean = posix.join("/", path);
  if (clean === "/") throw new Error("the root cgroup is not a container's");
  const mounts = new Set(layout.version === 2 ? [] : layout.controllers.values());
  if (layout.unified !== undefined) mounts.add(layout.unified);
  return [...mounts].map((mountPoint) => posix.join(mountPoint, clean));
}
