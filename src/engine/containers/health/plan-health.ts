import type { ContainerConfig, HealthLogEntry } from "../../../spec/api/index.ts";
import type { HealthRecord } from "../../../store/records/index.ts";

/** What decides about a container's health, with Docker's defaults. Times are in milliseconds. Everything here is pure. */
export interface HealthPlan {
  command: readonly string[];
  interval: number;
  startInterval: number;
  startPeriod: number;
  timeout: number;
  retries: number;
}

const MILLISECOND = 1e6;
const DEFAULT_SHELL: readonly string[] = ["/bin/sh", "-c"];
const MAX_LOG = 5;

/** The plan of a configuration; undefined where it checks nothing. */
export function healthPlanOf(config: ContainerConfig): HealthPlan | undefined {
  const health = config.Healthcheck;
  const command = commandOf(config);
  if (!health || command === undefined) return undefined;
  const milliseconds = (value: number | undefined, initial: number) => (value ? value / MILLISECOND : initial);
  return {
    command,
    interval: milliseconds(health.Interval, 30_000),
    startInterval: milliseconds(health.StartInterval, 5000),
    startPeriod: milliseconds(health.StartPeriod, 0),
    timeout: milliseconds(health.Timeout, 30_000),
    retries: health.Retries && health.Retries > 0 ? health.Retries : 3,
  };
}

function commandOf(config: ContainerConfig): readonly string[] | undefined {
  const [kind, ...words] = config.Healthcheck?.Test ?? [];
  if (kind === "CMD") return words;
  const shell = (config.Shell?.length ?? 0) > 0 ? (config.Shell ?? []) : DEFAULT_SHELL;
  return kind === "CMD-SHELL" ? [...shell, ...words] : undefined;
}

/** A run begins: nothing is known of its health. The log goes on. */
export function startingHealth(before: HealthRecord | undefined): HealthRecord {
  return { status: "starting", failingStreak: 0, log: before?.log ?? [] };
}

/** Nobody looks any more, so it counts as unhealthy: Docker's rule for stopped and paused containers. */
export function uncheckedHealth(before: HealthRecord): HealthRecord {
  return { ...before, status: "unhealthy" };
}

/** How long to wait for the next check: shorter while the container starts up. `age` is how long it runs. */
export function nextCheck(plan: HealthPlan, status: HealthRecord["status"], age: number): number {
  return status === "starting" && age < plan.startPeriod ? plan.startInterval : plan.interval;
}

/** What a check's result makes of the health. `age` is how long the container ran when the check began. */
export function judge(plan: HealthPlan, before: HealthRecord, entry: HealthLogEntry, age: number): HealthRecord {
  const { status } = before;
  const log = [...before.log, entry].slice(-MAX_LOG);
  if (entry.ExitCode === 0) return { status: "healthy", failingStreak: 0, log };
  if (status === "starting" && age < plan.startPeriod) return { status, failingStreak: before.failingStreak, log };
  const failingStreak = before.failingStreak + 1;
  return { status: failingStreak >= plan.retries ? "unhealthy" : status, failingStreak, log };
}
