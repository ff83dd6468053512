import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deferred, messageOf, UndoStack } from "../../lib/index.ts";
import type { Container, Run } from "./container.ts";
import { type ContainersContext, saveState } from "./context.ts";

// In the run's folder while its processes stand still for a moment, for a daemon that starts after a crash in it.
const MARK = "frozen";

/**
 * Runs `work` while the containers that have the volume stand still: nobody may start, stop or unpause them meanwhile.
 * To their users they run all along. One that is paused, or does not run, stays as it is.
 */
export async function withFrozenUsers<T>(
  context: ContainersContext,
  volume: string,
  work: () => Promise<T>,
): Promise<T> {
  const users = [...context.registry.all()].filter(({ record }) => record.mounts.some((m) => m.volume === volume));
  const undo = new UndoStack();
  try {
    for (const container of users) await freeze(context, container, undo);
    return await work();
  } finally {
    for (const failure of await undo.unwind()) context.warn(failure.message);
  }
}

/** Freezes it within its queue and keeps the queue until the undo. */
async function freeze(context: ContainersContext, container: Container, undo: UndoStack): Promise<void> {
  const frozen = deferred<void>();
  const thaw = deferred<void>();
  const over = container.queue(async () => {
    const { run } = container;
    if (run === undefined || container.state.status !== "running") return frozen.resolve();
    const mark = join(context.runs.folder(container.id), MARK);
    writeFileSync(mark, "");
    try {
      await context.runtime.pause(run.handle);
      frozen.resolve();
      await thaw.promise;
      await resume(context, run);
    } finally {
      rmSync(mark, { force: true });
    }
  });
  over.catch(frozen.reject);
  undo.push(`thaw container ${container.id}`, async () => {
    thaw.resolve();
    await over;
  });
  await frozen.promise;
}

async function resume(context: ContainersContext, run: Run): Promise<void> {
  // One that was killed from outside meanwhile has nothing left to resume.
  await context.runtime.resume(run.handle).catch((error: unknown) => context.warn(`resume: ${messageOf(error)}`));
}

/**
 * Marks a run that stands still for a moment only, and runs `work`: should the daemon die in it, the next one lets the
 * run go on.
 */
export async function whileMarked<T>(
  context: ContainersContext,
  container: Container,
  work: () => Promise<T>,
): Promise<T> {
  const mark = join(context.runs.folder(container.id), MARK);
  if (container.run !== undefined) writeFileSync(mark, "");
  try {
    return await work();
  } finally {
    rmSync(mark, { force: true });
  }
}

/** Lets a run go on that an earlier daemon froze without its user's word, or before it could note that word down. */
export async function thawLeftover(context: ContainersContext, container: Container, run: Run): Promise<void> {
  const mark = join(context.runs.folder(container.id), MARK);
  const marked = existsSync(mark);
  if (container.state.status === "paused" && !marked) return;
  if (context.runtime.isPaused(run.handle)) await resume(context, run);
  if (container.state.status === "paused")
    await saveState(context, container, { ...container.state, status: "running" });
  rmSync(mark, { force: true });
}
