import type { ExecHandle } from "../../../runtime/index.ts";
import type { HealthLogEntry } from "../../../spec/api/index.ts";
import type { HealthRecord } from "../../../store/records/index.ts";
import { pidStartTime } from "../../../system/index.ts";
import type { Container } from "../container.ts";
import { type ContainersContext, emitContainer, saveState } from "../context.ts";
import { type HealthPlan, healthPlanOf, judge, nextCheck, startingHealth } from "./plan-health.ts";
import { probe } from "./probe.ts";

const MAX_TIMER = 2 ** 31 - 1;

/**
 * Checks the container's health at its intervals until `endChecks`; does nothing where it has no check, or does not run.
 * One check at a time: the next interval begins when a check has ended.
 */
export function beginChecks(context: ContainersContext, container: Container): void {
  endChecks(container);
  const plan = healthPlanOf(container.record.config);
  const { run } = container;
  if (plan === undefined || run === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const monitor = {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
  const check = async () => {
    const begun = Date.now();
    const remember = ({ pid }: ExecHandle) =>
      context.background(`long health check of ${container.id}`, () =>
        container.queue(async () => {
          if (!stopped) await keepProbe(context, container, pid);
        }),
      );
    const entry = await probe(context, container, run, plan, remember);
    await container.queue(async () => {
      if (!stopped) await keepResult(context, container, plan, entry, begun);
    });
  };
  const wait = () => {
    if (stopped) return;
    const delay = Math.min(nextCheck(plan, healthOf(container).status, ageOf(container, Date.now())), MAX_TIMER);
    timer = setTimeout(() => context.background(`health check of ${container.id}`, () => check().finally(wait)), delay);
  };
  container.checks = monitor;
  wait();
}

/** No check begins any more, and the result of one that runs is dropped. */
export function endChecks(container: Container): void {
  container.checks?.stop();
  container.checks = undefined;
}

const healthOf = (container: Container): HealthRecord => container.state.health ?? startingHealth(undefined);

const ageOf = (container: Container, now: number) => Math.max(now - Date.parse(container.state.startedAt), 0);

/** `beginChecks` for a run that was adopted: a check that an earlier daemon began, and will not see to its end, is ended. */
export function resumeChecks(context: ContainersContext, container: Container): void {
  const { run, state } = container;
  const orphan = state.health?.probe;
  if (run !== undefined && orphan !== undefined) context.runtime.killProcess(run.handle, orphan);
  if (state.status === "running") beginChecks(context, container);
}

async function keepProbe(context: ContainersContext, container: Container, pid: number): Promise<void> {
  const start = pidStartTime(pid);
  if (start === undefined) return;
  await saveState(context, container, {
    ...container.state,
    health: { ...healthOf(container), probe: { pid, start } },
  });
}

async function keepResult(
  context: ContainersContext,
  container: Container,
  plan: HealthPlan,
  entry: HealthLogEntry,
  begun: number,
): Promise<void> {
  const before = healthOf(container);
  const health = judge(plan, before, entry, ageOf(container, begun));
  await saveState(context, container, { ...container.state, health });
  if (health.status !== before.status) emitContainer(context, container, `health_status: ${health.status}`);
}
