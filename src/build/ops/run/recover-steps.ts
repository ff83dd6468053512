import { readdirSync, readFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { BerthError, messageOf, readJsonFile } from "../../../lib/index.ts";
import { pidStartTime, readMounts, sendSignal } from "../../../system/index.ts";
import type { StepsContext } from "./context.ts";
import { detach, NOTE, type StepNote } from "./step-place.ts";

/**
 * Clears what a daemon that was killed has left of its steps: first their processes, then what is mounted below the
 * folders, then the folders. A folder in which something is still mounted stays for the next time.
 */
export async function recoverSteps(context: StepsContext): Promise<void> {
  const attempt = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      context.warn(`${what} of an earlier build: ${messageOf(error)}`);
    }
  };
  for (const name of namesIn(context.folder)) {
    const folder = join(context.folder, name);
    const note = await readJsonFile<StepNote>(join(folder, NOTE)).catch(() => undefined);
    if (note === undefined || note.id !== name) continue;
    const { id, cgroupPath } = note;
    await attempt(`step ${id}`, () => endMakers(folder));
    await attempt(`step ${id}`, () => context.runtime.cleanUp({ id, bundle: folder, cgroupPath }));
  }
  // What was mounted last is on top.
  for (const target of mountsBelow(context).reverse()) await attempt(target, async () => detach(target));
  if (mountsBelow(context).length > 0) return;
  for (const name of namesIn(context.folder))
    await attempt(name, () => context.trees.remove(join(context.folder, name)));
  await attempt("scratch", () => setAside(context));
}

const SIGKILL = 9;
/** A process that makes a container is over milliseconds after it was killed. */
const ROUNDS = 400;

/**
 * Monitors, and runtimes that are still making the container: they are in no cgroup yet, and are known by the bundle that
 * they were called with. What one of them has started meanwhile is found in the next round.
 */
async function endMakers(bundle: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const makers = readProcessIds().filter((pid) =>
      argumentsOf(pid).some((word) => word === bundle || word.startsWith(`${bundle}/`)),
    );
    if (makers.length === 0) return;
    for (const pid of makers) {
      const start = pidStartTime(pid);
      if (start !== undefined) sendSignal(pid, start, SIGKILL);
    }
    await setTimeout(5);
  }
  throw new BerthError("timeout", "its processes do not end");
}

const readProcessIds = () => readdirSync("/proc").map(Number).filter(Number.isSafeInteger);

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return []; // it has ended
  }
}

function mountsBelow({ folder, scratch }: StepsContext): string[] {
  const places = [folder, scratch];
  return readMounts()
    .map(({ mountPoint }) => mountPoint)
    .filter((point) => places.some((place) => point.startsWith(`${place}/`)));
}

/** A large tree takes its time, for which no build has to wait. */
async function setAside(context: StepsContext): Promise<void> {
  for (const name of namesIn(context.scratch)) {
    const path = join(context.scratch, name);
    const aside = name.startsWith(GOING) ? path : join(context.scratch, GOING + name);
    if (aside !== path) await rename(path, aside);
    context.background("remove an earlier build's scratch", () => context.trees.remove(aside));
  }
}

const GOING = "going-";

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it was never made
  }
}
