import { withTimeout } from "../../lib/index.ts";
import { signalNumber } from "../../system/index.ts";
import type { Container } from "./container.ts";
import { type ContainersContext, emitContainer, subjectOf } from "./context.ts";
import { killHard, sendSignal } from "./kill-container.ts";
import { abandonRestart } from "./settle-exit.ts";
import { startContainer } from "./start-container.ts";
import { checkStop } from "./transitions.ts";

export interface StopOptions {
  signal?: string;
  /** Seconds; -1 waits without end. */
  timeout?: number;
}

/** POST /containers/{id}/stop. Rejects with kind "already" where it does not run. */
export async function stopContainer(
  context: ContainersContext,
  container: Container,
  options: StopOptions,
): Promise<void> {
  // Refused before anything happens.
  const asked = options.signal ? signalNumber(options.signal) : undefined;
  checkStop(subjectOf(container));
  const { run } = container;
  const { config } = container.record;
  if (run === undefined) await container.queue(() => abandonRestart(context, container));
  else {
    await sendSignal(context, container, asked ?? signalNumber(config.StopSignal || "SIGTERM")).catch(
      (error: unknown) => {
        if (container.run === run) throw error;
      },
    );
    const seconds = options.timeout ?? config.StopTimeout ?? context.settings.stopTimeout;
    if (!(await endsWithin(run.over.wait(), seconds))) await killHard(context, container);
  }
  emitContainer(context, container, "stop");
}

const MAX_TIMER = 2 ** 31 - 1;

async function endsWithin(over: Promise<void>, seconds: number): Promise<boolean> {
  const ended = over.then(() => true);
  if (seconds < 0) return ended;
  return withTimeout(ended, Math.min(seconds * 1000, MAX_TIMER), () => false);
}

/** POST /containers/{id}/restart: a stop, if it runs, and a start. */
export async function restartContainer(
  context: ContainersContext,
  container: Container,
  options: StopOptions,
): Promise<void> {
  const { AutoRemove: autoRemove } = container.record.hostConfig;
  const { hostConfig } = container.record;
  try {
    // A container made with --rm survives its restart.
    if (autoRemove) container.record = { ...container.record, hostConfig: { ...hostConfig, AutoRemove: false } };
    await stopContainer(context, container, options).catch((error: unknown) => {
      if ((error as { kind?: string }).kind !== "already") throw error;
    });
  } finally {
    if (autoRemove) container.record = { ...container.record, hostConfig };
  }
  await startContainer(context, container);
  emitContainer(context, container, "restart");
}
