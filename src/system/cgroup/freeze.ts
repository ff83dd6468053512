import { writeFileSync } from "node:fs";
import { posix } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BerthError } from "../../lib/index.ts";
import { codeOf } from "../ffi.ts";
import { type CgroupLayout, cgroupDirs, readOptional } from "./layout.ts";

/** How the kernel is asked to freeze a group, and how it says that it has: cgroup-v1/freezer-subsystem, cgroup-v2. */
interface Freezer {
  control: string;
  words: { frozen: string; thawed: string };
  isFrozen(): boolean | undefined;
}

function freezerOf(layout: CgroupLayout, path: string): Freezer | undefined {
  cgroupDirs(layout, path); // refuses the root
  if (layout.version === 2) {
    const dir = posix.join(layout.unified ?? "/sys/fs/cgroup", path);
    return {
      control: `${dir}/cgroup.freeze`,
      words: { frozen: "1", thawed: "0" },
      isFrozen: () => lineOf(readOptional(`${dir}/cgroup.events`), /^frozen (\d)$/m, "1"),
    };
  }
  const mountPoint = layout.controllers.get("freezer");
  if (mountPoint === undefined) return undefined;
  const control = posix.join(mountPoint, path, "freezer.state");
  return {
    control,
    words: { frozen: "FROZEN", thawed: "THAWED" },
    isFrozen: () => lineOf(readOptional(control), /^(\w+)$/m, "FROZEN"),
  };
}

function lineOf(text: string | undefined, pattern: RegExp, wanted: string): boolean | undefined {
  return text === undefined ? undefined : pattern.exec(text)?.[1] === wanted;
}

/** Whether every process of a group stands still; undefined where there is no such group or no freezer. */
export const isFrozen = (layout: CgroupLayout, path: string): boolean | undefined =>
  freezerOf(layout, path)?.isFrozen();

const PATIENCE = 10_000;

/**
 * Makes all processes of a group stand still, or go on, and resolves when they do. No other program is asked, so that
 * nothing of it comes after this process has died. Rejects with "not-found" where the group is gone, with "unavailable"
 * where the host has no freezer, and with "timeout", thawed again, where a process does not come to rest for 10 s.
 */
export async function setFrozen(layout: CgroupLayout, path: string, frozen: boolean): Promise<void> {
  const freezer = freezerOf(layout, path);
  if (freezer === undefined) throw new BerthError("unavailable", "this host has no freezer for cgroups");
  ask(freezer, path, frozen);
  const deadline = Date.now() + PATIENCE;
  for (let pause = 1; ; pause = Math.min(pause * 2, 20)) {
    const now = freezer.isFrozen();
    if (now === frozen) return;
    if (now === undefined) throw gone(path);
    if (Date.now() > deadline) {
      if (frozen) ask(freezer, path, false);
      throw new BerthError("timeout", `the processes of cgroup ${path} do not ${frozen ? "stand still" : "go on"}`);
    }
    await delay(pause);
  }
}

function ask({ control, words }: Freezer, path: string, frozen: boolean): void {
  try {
    // Without O_CREAT, so that a group that is gone is not an attempt to make a file.
    writeFileSync(control, frozen ? words.frozen : words.thawed, { flag: "r+" });
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENODEV") throw gone(path);
    throw error;
  }
}

const gone = (path: string) => new BerthError("not-found", `there is no cgroup ${path}`);
