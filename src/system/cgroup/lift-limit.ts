import { writeFileSync } from "node:fs";
import { posix } from "node:path";
import type { CgroupLayout } from "./layout.ts";

/** Takes the limit on the number of processes from a cgroup. Throws where there is no such cgroup or controller. */
export function liftProcessLimit(layout: CgroupLayout, path: string): void {
  const mountPoint = layout.version === 2 ? layout.unified : layout.controllers.get("pids");
  // Without O_CREAT, so that a cgroup that is gone is not an attempt to make a file.
  writeFileSync(posix.join(mountPoint ?? "/sys/fs/cgroup", path, "pids.max"), "max", { flag: "r+" });
}
