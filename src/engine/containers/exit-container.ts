import { messageOf, rfc3339Nano } from "../../lib/index.ts";
import type { ExitInfo } from "../../runtime/index.ts";
import type { Container, Run } from "./container.ts";
import { type ContainersContext, emitContainer, saveState } from "./context.ts";
import { endChecks } from "./health/monitor.ts";
import { emitLeft } from "./network-events.ts";
import { nextDelay, wantsRestart } from "./restart-policy.ts";
import { settle } from "./settle-exit.ts";
import { attempt, tearDown } from "./tear-down.ts";
import { type Ending, ended, restarting } from "./transitions.ts";

/** Starts a container that waits for its restart; only in its queue. */
export type StartNow = (context: ContainersContext, container: Container) => Promise<void>;

/** From now on the end of the run is dealt with when it comes; `start` serves where the policy wants another. */
export function watchRun(context: ContainersContext, container: Container, run: Run, start: StartNow): void {
  context.background(`end of container ${container.id}`, async () => {
    const info = await context.runtime.onExit(run.handle);
    run.exited.tell();
    await container.queue(() => finishRun(context, container, run, info, start));
  });
}

/**
 * What follows the end of a container's process: the state on disk first, then everything that the run had set up is
 * taken down, past failures; then those who wait are told. Only in the container's queue.
 */
export async function finishRun(
  context: ContainersContext,
  container: Container,
  run: Run,
  info: ExitInfo,
  start: StartNow,
): Promise<void> {
  if (container.run !== run) return;
  endChecks(container);
  const ending: Ending = { ...info, finishedAt: rfc3339Nano(info.finishedAt) };
  const ranFor = Math.max(info.finishedAt.getTime() - Date.parse(container.state.startedAt), 0);
  const again = container.phase === "kept" && wantsRestart(factsOf(container, info));
  const state = again ? restarting(container.state, ending) : ended(container.state, ending);
  await attempt(context, container, () => saveState(context, container, state));
  await tearDown(context, container, run);
  container.run = undefined;
  emitLeft(context, container, run);
  if (info.oomKilled) emitContainer(context, container, "oom");
  emitContainer(context, container, "die", {
    execDuration: String(Math.floor(ranFor / 1000)),
    exitCode: String(info.exitCode),
  });
  run.over.tell();
  if (again) planRestart(context, container, ranFor, start);
  else await settle(context, container, state);
}

function factsOf(container: Container, info: ExitInfo) {
  return {
    policy: container.record.hostConfig.RestartPolicy ?? {},
    exitCode: info.exitCode,
    restartCount: container.state.restartCount,
    stoppedByUser: container.state.stoppedByUser,
    exitOnNext: container.exitOnNext,
  };
}

function planRestart(context: ContainersContext, container: Container, ranFor: number, start: StartNow): void {
  container.restartDelay = nextDelay(container.restartDelay, ranFor);
  const timer = setTimeout(() => {
    context.background(`restart of container ${container.id}`, () =>
      container.queue(() => restartNow(context, container, start)),
    );
  }, container.restartDelay);
  container.restart = { cancel: () => clearTimeout(timer) };
}

async function restartNow(context: ContainersContext, container: Container, start: StartNow): Promise<void> {
  // A stop or a removal may have come first.
  if (container.state.status !== "restarting" || container.phase !== "kept") return;
  container.restart = undefined;
  try {
    await start(context, container);
  } catch (error) {
    context.warn(`restart of container ${container.id}: ${messageOf(error)}`);
    await settle(context, container, container.state);
  }
}
