import { closeSync, constants, openSync, readFileSync, write } from "node:fs";
import { posix } from "node:path";
import { type CgroupLayout, parseOwnCgroups } from "./layout.ts";

/**
 * Gives a function that makes the next moves of processes between cgroups quick. The first such move after a pause waits
 * for an RCU grace period of the whole kernel (5 to 20 ms here), those that follow closely do not: so whoever is about to
 * have a process moved lets that wait begin while it does something else. It "moves" this process to the cgroup that it
 * is in, which changes nothing. Calls while one is under way share it; failures do not matter and are not told.
 */
export function createMigrationWarmer(layout: CgroupLayout): () => void {
  const pid = Buffer.from(String(process.pid));
  let place = "";
  let fd: number | undefined;
  let underWay = false;
  return () => {
    if (underWay) return;
    // Where somebody has moved this process meanwhile, the former cgroup would be a move indeed.
    const now = ownCgroups();
    if (now !== place) {
      if (fd !== undefined) closeSync(fd);
      fd = openProcs(layout, now);
      place = now;
    }
    if (fd === undefined) return;
    underWay = true;
    write(fd, pid, () => {
      underWay = false;
    });
  };
}

function ownCgroups(): string {
  try {
    return readFileSync("/proc/self/cgroup", "latin1");
  } catch {
    return "";
  }
}

/** cgroup.procs of the cgroup that this process is in, in any one hierarchy. */
function openProcs(layout: CgroupLayout, cgroups: string): number | undefined {
  const [name, mountPoint] = layout.unified === undefined ? ([...layout.controllers][0] ?? []) : ["", layout.unified];
  const path = name === undefined ? undefined : parseOwnCgroups(cgroups).get(name);
  if (path === undefined || mountPoint === undefined) return undefined;
  try {
    return openSync(posix.join(mountPoint, path, "cgroup.procs"), constants.O_WRONLY);
  } catch {
    return undefined; // not allowed here: then the first move waits
  }
}
