import { readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BerthError } from "../../lib/index.ts";
import { codeOf } from "../ffi.ts";
import { type CgroupLayout, cgroupDirs, readOptional } from "./layout.ts";
import { cgroupView, childrenOf, processesBelow } from "./view.ts";

/** Writes into a cgroup file; false where the file or the cgroup is not there. */
function write(path: string, text: string): boolean {
  try {
    // Without O_CREAT, so that a cgroup that is gone is not an attempt to make a file.
    writeFileSync(path, text, { flag: "r+" });
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENODEV" || code === "EACCES") return false;
    throw error;
  }
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (codeOf(error) !== "ESRCH") throw error;
    }
  }
}

/** Frozen, no process can end or fork, so that the list stays true while it is killed. */
function killLegacy(layout: CgroupLayout, path: string): void {
  const mountPoint = layout.controllers.get("freezer");
  const freezer = mountPoint === undefined ? undefined : posix.join(mountPoint, path, "freezer.state");
  if (freezer !== undefined) write(freezer, "FROZEN");
  try {
    killAll(cgroupView(layout, path).processes());
  } finally {
    if (freezer !== undefined) write(freezer, "THAWED");
  }
}

function killUnified(layout: CgroupLayout, path: string): void {
  const dir = posix.join(layout.unified ?? "/sys/fs/cgroup", path);
  if (write(`${dir}/cgroup.kill`, "1")) return;
  const frozen = write(`${dir}/cgroup.freeze`, "1");
  try {
    killAll(processesBelow(dir));
  } finally {
    if (frozen) write(`${dir}/cgroup.freeze`, "0");
  }
}

/**
 * Kills every process in a cgroup and below it, paused ones too, and resolves when none is left. Rejects with "timeout"
 * where some outlive SIGKILL for `timeoutMs` (10 s unless given): they hang in the kernel.
 */
export async function killCgroup(layout: CgroupLayout, path: string, timeoutMs = 10_000): Promise<void> {
  cgroupDirs(layout, path); // refuses the root
  const deadline = Date.now() + timeoutMs;
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    if (cgroupView(layout, path).processes().length === 0) return;
    if (layout.version === 2) killUnified(layout, path);
    else killLegacy(layout, path);
    if (cgroupView(layout, path).processes().length === 0) return;
    if (Date.now() > deadline) throw new BerthError("timeout", `processes in cgroup ${path} outlive SIGKILL`);
    await delay(pause);
  }
}

/** Removes one hierarchy's directory and those below it. False where something in it is still busy. */
function removeDir(dir: string): boolean {
  // Most have none below them: they are looked for where the directory does not go.
  if (removeOne(dir)) return true;
  const children = childrenOf(dir);
  for (const child of children) if (!removeDir(child)) return false;
  return children.length > 0 && removeOne(dir);
}

function removeOne(dir: string): boolean {
  try {
    rmdirSync(dir);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return true;
    if (code === "EBUSY" || code === "ENOTEMPTY") return false;
    throw error;
  }
}

/** Removes an empty cgroup from every hierarchy. The kernel keeps a cgroup busy for a moment after its last process. */
export async function removeCgroup(layout: CgroupLayout, path: string, timeoutMs = 2000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let left = cgroupDirs(layout, path);
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    left = left.filter((dir) => !removeDir(dir));
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new BerthError("conflict", `cgroup ${left.join(", ")} is busy`);
    await delay(pause);
  }
}

/** The names right below a cgroup, over all hierarchies: the containers that a parent ("/berth") holds. */
export function listCgroups(layout: CgroupLayout, parent: string): string[] {
  const names = new Set<string>();
  for (const dir of cgroupDirs(layout, parent)) {
    if (readOptional(`${dir}/cgroup.procs`) === undefined) continue;
    for (const entry of readdirSync(dir, { withFileTypes: true })) if (entry.isDirectory()) names.add(entry.name);
  }
  return [...names];
}
