import { BerthError, conflict } from "../../lib/index.ts";
import type { ContainerStateRecord } from "../../store/records/index.ts";
import { NEVER } from "../../store/records/index.ts";
import { uncheckedHealth } from "./health/plan-health.ts";

/**
 * Which verb may follow which state, and what a container's state becomes. Everything here is pure; the texts are
 * Docker's.
 */

type Status = ContainerStateRecord["status"];
type Phase = "making" | "kept" | "removing" | "gone";

interface Subject {
  id: string;
  name: string;
  status: Status;
  phase: Phase;
}

const already = (message: string) => new BerthError("already", message);

/** Throws unless a start may begin. "already" where it runs. */
export function checkStart({ id, status, phase }: Subject): void {
  if (phase === "removing" || phase === "gone" || status === "dead") {
    throw conflict("container is marked for removal and cannot be started");
  }
  if (status === "paused") throw conflict("cannot start a paused container, try unpause instead");
  if (status === "running") throw already(`container ${id} is already running`);
}

/** Throws "already" where there is nothing to stop. */
export function checkStop({ id, status }: Subject): void {
  if (status === "created" || status === "exited" || status === "dead") {
    throw already(`container ${id} is already stopped`);
  }
}

export function checkRunning({ id, status }: Subject): void {
  if (status !== "running" && status !== "paused") throw conflict(`container ${id} is not running`);
}

export function checkPause({ id, status }: Subject): void {
  if (status === "paused") throw conflict(`Container ${id} is already paused`);
  if (status === "restarting") throw conflict(`Container ${id} is restarting, wait until the container is running`);
  checkRunning({ id, status, name: "", phase: "kept" });
}

export function checkUnpause({ id, status }: Subject): void {
  if (status !== "paused") throw new BerthError("internal", `Container ${id} is not paused`);
}

/** Exec needs a container that runs and answers. `ref` is what the user called it. */
export function checkExec({ id, status }: Subject, ref: string): void {
  if (status === "paused") throw conflict(`Container ${ref} is paused, unpause the container before exec`);
  if (status === "restarting") throw conflict(`Container ${ref} is restarting, wait until the container is running`);
  checkRunning({ id, status, name: "", phase: "kept" });
}

export function checkAttach({ status }: Subject, ref: string): void {
  if (status === "paused") throw conflict(`container ${ref} is paused, unpause the container before attach`);
  if (status === "restarting") throw conflict(`container ${ref} is restarting, wait until the container is running`);
}

/** Throws unless a removal may begin; with force only a removal under way forbids it. */
export function checkRemove({ id, name, status, phase }: Subject, force: boolean): void {
  if (phase === "removing" || phase === "gone") throw conflict(`removal of container ${id} is already in progress`);
  if (force) return;
  const why: Partial<Record<Status, string>> = {
    running: "container is running: stop the container before removing or force remove",
    paused: "container is paused and must be unpaused first",
    restarting: "container is restarting: stop the container before removing or force remove",
  };
  const reason = why[status];
  if (reason !== undefined) throw conflict(`cannot remove container "/${name}": ${reason}`);
}

export function started(state: ContainerStateRecord, at: string): ContainerStateRecord {
  return {
    ...state,
    status: "running",
    exitCode: 0,
    error: "",
    oomKilled: false,
    startedAt: at,
    finishedAt: state.finishedAt,
    stoppedByUser: false,
  };
}

/** A start that failed leaves the state where it was, with Docker's code and text. */
export function startFailed(state: ContainerStateRecord, error: string, exitCode: number): ContainerStateRecord {
  const status = state.startedAt === NEVER ? "created" : "exited";
  return { ...state, status, error, exitCode };
}

export interface Ending {
  exitCode: number;
  oomKilled: boolean;
  finishedAt: string;
  error?: string;
}

export function ended(
  state: ContainerStateRecord,
  { exitCode, oomKilled, finishedAt, error }: Ending,
): ContainerStateRecord {
  const health = state.health === undefined ? {} : { health: uncheckedHealth(state.health) };
  return { ...state, ...health, status: "exited", exitCode, oomKilled, finishedAt, error: error ?? "" };
}

export function restarting(state: ContainerStateRecord, ending: Ending): ContainerStateRecord {
  return { ...ended(state, ending), status: "restarting", restartCount: state.restartCount + 1 };
}
