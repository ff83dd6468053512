import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { posix } from "node:path";
import { type CgroupLayout, parseOwnCgroups } from "./layout.ts";

/**
 * Gives a function that makes the next moves of processes between cgroups quick. The first such move after a pause waits
 * for an RCU grace period of the whole kernel (5 to 20 ms here), those that follow closely do not: so whoever is about to
 * have a process moved lets that wait begin while it does something else. It "moves" this process to the cgroup that it
 * is in, which changes nothing. Calls while one is under way share it; failures do not matter and are not told.
 */
export function createMigrationWarmer(layout: CgroupLayout): () => void {
  const path = ownProcs(layout);
  let underWay = false;
  return () => {
    if (underWay || path === undefined) return;
    underWay = true;
    void touch(path).finally(() => {
      underWay = false;
    });
  };
}

async function touch(path: string): Promise<void> {
  try {
    const file = await open(path, "r+");
    try {
      await file.write(String(process.pid));
    } finally {
      await file.close();
    }
  } catch {
    // not allowed here: then the first move waits
  }
}

/** cgroup.procs of the cgroup that this process is in, in any one hierarchy. */
function ownProcs(layout: CgroupLayout): string | undefined {
  const own = parseOwnCgroups(readFileSync("/proc/self/cgroup", "latin1"));
  const [name, mountPoint] = layout.unified === undefined ? ([...layout.controllers][0] ?? []) : ["", layout.unified];
  const path = name === undefined ? undefined : own.get(name);
  return path === undefined || mountPoint === undefined ? undefined : posix.join(mountPoint, path, "cgroup.procs");
}
