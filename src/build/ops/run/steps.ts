import { BerthError, UndoStack } from "../../../lib/index.ts";
import type { RunningHandle } from "../../../runtime/index.ts";
import { containerCgroupPath, lstatIn } from "../../../system/index.ts";
import type { StepsContext } from "./context.ts";
import { makeMountPoints } from "./mount-points.ts";
import { placeMounts } from "./place-mounts.ts";
import { prepareRoot } from "./prepare-root.ts";
import { recoverSteps } from "./recover-steps.ts";
import type { ShellStep, Step, StepEnd } from "./step.ts";
import { makeStepPlace, type StepPlace } from "./step-place.ts";
import { stepSpec } from "./step-spec.ts";
import { supervise, superviseShell } from "./supervise.ts";

/** What runs a build's commands, each in a container of its own. */
export interface Steps {
  /**
   * Runs one step to its end; afterwards nothing of it is left but what it wrote to its root. A command that is not there
   * or cannot be executed exits with 127 or 126 and says so on its error stream. Rejects with the signal's reason when
   * that is aborted, "invalid" for mounts, users and folders that are not there.
   */
  run(step: Step): Promise<StepEnd>;
  /** A shell in the state in which a step begins, or has failed. */
  shell(step: ShellStep): Promise<StepEnd>;
  /** Ends and clears what an earlier daemon has left. To be called once, before the first step. */
  recover(): Promise<void>;
}

export function createSteps(context: StepsContext): Steps {
  return {
    run: (step) => withContainer(context, step, false, (handle) => supervise(context.runtime, handle, step)),
    shell(shell) {
      const { terminal, args = [shellOf(shell.rootfs)], ...rest } = shell;
      const step: Step = { ...rest, args, onOutput: (_, chunk) => terminal.output(chunk) };
      return withContainer(context, step, true, (handle) =>
        superviseShell(context.runtime, handle, terminal, step.signal),
      );
    },
    recover: () => recoverSteps(context),
  };
}

const SHELLS = ["/bin/bash", "/bin/sh", "/bin/ash", "/busybox/sh"];

function shellOf(rootfs: string): string {
  return SHELLS.find((path) => lstatIn(rootfs, path) !== undefined) ?? "/bin/sh";
}

async function withContainer(
  context: StepsContext,
  step: Step,
  terminal: boolean,
  use: (handle: RunningHandle) => Promise<StepEnd>,
): Promise<StepEnd> {
  step.signal.throwIfAborted();
  const undo = new UndoStack();
  try {
    context.runtime.warmUp();
    const handle = await create(context, step, terminal, undo);
    return await use(handle);
  } catch (error) {
    step.signal.throwIfAborted();
    return await notStarted(step, error);
  } finally {
    for (const failure of await undo.unwind()) context.warn(`build step ${step.id}: ${failure.message}`);
  }
}

/** To the build, a command that is not there is one that has failed. */
async function notStarted(step: Step, error: unknown): Promise<StepEnd> {
  if (!(error instanceof BerthError) || (error.exitCode !== 126 && error.exitCode !== 127)) throw error;
  await step.onOutput(2, Buffer.from(`${error.message}\n`));
  return { exitCode: error.exitCode, oomKilled: false };
}

async function create(context: StepsContext, step: Step, terminal: boolean, undo: UndoStack): Promise<RunningHandle> {
  const cgroupPath = containerCgroupPath(step.id, step.limits?.cgroupParent || context.cgroupParent);
  const place = makeStepPlace(context, { id: step.id, cgroupPath }, undo);
  const endpoint = step.network === "default" ? context.network.join() : undefined;
  if (endpoint !== undefined) undo.push("leave the network", () => endpoint.leave());
  const spec = await prepare(context, place, step, { terminal, cgroupPath, undo });
  step.signal.throwIfAborted();
  const handle = await context.runtime.create({
    id: step.id,
    bundle: place.folder,
    spec,
    terminal,
    stdin: terminal || step.stdin !== undefined,
    stdinOnce: true,
    cgroupPath,
    command: step.args[0] ?? "",
  });
  undo.push("remove the container", () => context.runtime.delete(handle));
  endpoint?.plug(handle.pid);
  return handle;
}

async function prepare(
  context: StepsContext,
  place: StepPlace,
  step: Step,
  { terminal, cgroupPath, undo }: { terminal: boolean; cgroupPath: string; undo: UndoStack },
) {
  const user = prepareRoot(step.rootfs, step.cwd ?? "/", step.user ?? "");
  const placed = await placeMounts(context, place, step, undo);
  // /proc, /dev and /sys stay where the runtime makes them, as BuildKit leaves them in the layer.
  undo.push("remove mount points", makeMountPoints(step.rootfs, placed.points));
  const env = [...step.env, ...placed.env];
  const input = { step, containerId: step.id, cgroupPath, user, mounts: placed.mounts, env, terminal };
  return stepSpec(context, input);
}
