import type { HealthLogEntry } from "../../../spec/api/index.ts";
import type { HealthRecord } from "../../../store/records/index.ts";
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
    const entry = await probe(context, container, run, plan);
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
