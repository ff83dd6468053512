import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { messageOf } from "../../lib/index.ts";
import { codeOf } from "../ffi.ts";
import { detectCgroups, readOptional, words } from "./layout.ts";

export interface HandDownResult {
  /** How many processes were moved from the top cgroup to "/init" below it. */
  moved: number;
  /** Controllers that cannot be had below the top, and why; their limits are not kept. */
  failed: { controller: string; reason: string }[];
}

/** What limits are made of, and the runtimes hand on. */
const LIMITS: readonly string[] = ["cpu", "cpuset", "hugetlb", "io", "memory", "pids"];

/**
 * Makes the controllers that cgroup2 has for limits available to `parent` ("/berth"), and makes that cgroup. The kernel hands controllers
 * down only from a cgroup without processes, the machine's own root excepted. Where the top that this process sees is not
 * that root (it runs in a container), the processes there move to "/init", as Docker-in-Docker does. Does nothing outside
 * mode v2 or a second time.
 */
export function handDownControllers(parent: string): HandDownResult {
  const layout = detectCgroups();
  if (layout.mode !== "v2" || layout.unified === undefined) return { moved: 0, failed: [] };
  return handDownFrom(layout.unified, layout.unifiedControllers, parent);
}

/** The same below a given top. */
export function handDownFrom(top: string, controllers: readonly string[], parent: string): HandDownResult {
  const file = `${top}/cgroup.subtree_control`;
  const enabled = words(readOptional(file) ?? "");
  const wanted = controllers.filter((controller) => LIMITS.includes(controller) && !enabled.includes(controller));
  const result: HandDownResult = { moved: 0, failed: [] };
  // Before the first is enabled: one that threads can share would be, and make the cgroup one that holds no others.
  if (wanted.length > 0 && !isMachineRoot(top)) result.moved = moveProcesses(top, `${top}/init`);
  for (const controller of wanted) {
    try {
      writeFileSync(file, `+${controller}`, { flag: "r+" });
    } catch (error) {
      result.failed.push({ controller, reason: reasonOf(error) });
    }
  }
  tryTo(() => mkdirSync(posix.join(top, posix.join("/", parent)), { recursive: true }));
  return result;
}

/** The machine's root cgroup has no type: it is no one's child. */
const isMachineRoot = (top: string) => !existsSync(`${top}/cgroup.type`);

const reasonOf = (error: unknown) =>
  codeOf(error) === "EBUSY" ? "processes in the top cgroup stand in the way" : messageOf(error);

/** Rounds, because a process may start another while the list is worked through. */
const ROUNDS = 10;

function moveProcesses(from: string, to: string): number {
  let moved = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // 0 is a process that only an outer pid namespace can name.
    const pids = words(readOptional(`${from}/cgroup.procs`) ?? "").filter((pid) => pid !== "0");
    if (pids.length === 0 || !tryTo(() => mkdirSync(to, { recursive: true }))) return moved;
    // Those that have ended meanwhile cannot be moved, and need not.
    moved += pids.filter((pid) => tryTo(() => writeFileSync(`${to}/cgroup.procs`, pid, { flag: "r+" }))).length;
  }
  return moved;
}

function tryTo(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
