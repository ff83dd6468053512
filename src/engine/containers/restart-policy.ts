import type { RestartPolicy } from "../../spec/api/index.ts";

const FIRST_DELAY = 100;
const MAX_DELAY = 60_000;
/** A run of this length counts as a success: the delay begins anew. */
const GOOD_RUN = 10_000;

export interface RestartFacts {
  policy: RestartPolicy;
  exitCode: number;
  /** Restarts by the policy since the last start of a user's. */
  restartCount: number;
  stoppedByUser: boolean;
  /** The user has just stopped this run. */
  exitOnNext: boolean;
}

/** Docker's rules: whether a container whose process has ended is to be started again. */
export function wantsRestart({ policy, exitCode, restartCount, stoppedByUser, exitOnNext }: RestartFacts): boolean {
  if (exitOnNext) return false;
  const { Name: name = "no", MaximumRetryCount: max = 0 } = policy;
  if (name === "always") return true;
  if (name === "unless-stopped") return !stoppedByUser;
  if (name === "on-failure") return exitCode !== 0 && (max === 0 || restartCount < max);
  return false;
}

/** Milliseconds to wait, doubled each time up to a minute; 100 after a run of ten seconds or more. */
export function nextDelay(previous: number, ranFor: number): number {
  if (previous === 0 || ranFor >= GOOD_RUN) return FIRST_DELAY;
  return Math.min(previous * 2, MAX_DELAY);
}
