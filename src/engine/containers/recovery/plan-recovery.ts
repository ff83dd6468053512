import { type ContainerStateRecord, CREATED, type StoredContainer } from "../../../store/records/index.ts";
import type { RunState } from "../container.ts";
import { wantsRestart } from "../restart-policy.ts";
import { planReplacements } from "./plan-replacements.ts";
import type { Recovery } from "./recovery.ts";

/** What was found on disk and in the exec root. */
export interface Observation {
  containers: readonly StoredContainer[];
  /** Folders of containers that were never whole, or are removed already. */
  halfMade: readonly string[];
  /** Run folders in the exec root, with what leads to the processes, where that is readable. */
  runs: ReadonlyMap<string, RunState | undefined>;
  bootId: string;
  /** RFC 3339. */
  now: string;
}

export interface RecoveryPlan {
  containers: Recovery[];
  /** Run folders of no container. */
  orphans: string[];
  /** Folders to delete. */
  folders: string[];
}

/** Docker's exit code of a container whose end nobody saw. */
const UNKNOWN_EXIT = 255;

/** Decides what to do with everything that an earlier engine left, whenever it ended. Pure. */
export function planRecovery(observation: Observation): RecoveryPlan {
  const ids = new Set(observation.containers.map(({ record }) => record.id));
  return {
    containers: planReplacements(
      observation.containers,
      observation.containers.map((stored) => recoveryOf(stored, observation)),
    ),
    orphans: [...observation.runs.keys()].filter((id) => !ids.has(id)),
    folders: [...observation.halfMade],
  };
}

function recoveryOf({ record, state = CREATED }: StoredContainer, { runs, bootId, now }: Observation): Recovery {
  const { id, hostConfig } = record;
  const found = runs.get(id);
  const live = state.status === "running" || state.status === "paused";
  if (live && found?.bootId === bootId) return { id, state, run: "adopt", remove: false, start: false };
  const settled = live
    ? lost(state, now)
    : state.status === "restarting"
      ? { ...state, status: "exited" as const }
      : state;
  const remove = hostConfig.AutoRemove === true && (settled.status !== "created" || runs.has(id));
  return {
    id,
    state: settled,
    run: runs.has(id) ? "clear" : "none",
    remove,
    start: !remove && settled.status === "exited" && restarts(settled, hostConfig.RestartPolicy ?? {}),
  };
}

/** The machine went down under it. */
function lost(state: ContainerStateRecord, now: string): ContainerStateRecord {
  return { ...state, status: "exited", exitCode: UNKNOWN_EXIT, finishedAt: now, oomKilled: false };
}

function restarts(state: ContainerStateRecord, policy: Parameters<typeof wantsRestart>[0]["policy"]): boolean {
  const { exitCode, restartCount, stoppedByUser } = state;
  return wantsRestart({ policy, exitCode, restartCount, stoppedByUser, exitOnNext: false });
}
