import { humanDuration } from "../../lib/index.ts";
import { type ContainerStateRecord, NEVER } from "../../store/records/index.ts";

/** What `ps` says of a state, in Docker's words: "Up 3 seconds (Paused)", "Exited (0) 2 minutes ago". */
export function statusText(state: ContainerStateRecord, removing: boolean, now: number): string {
  const since = (time: string) => humanDuration(Math.max(now - Date.parse(time), 0));
  switch (state.status) {
    case "paused":
      return `Up ${since(state.startedAt)} (Paused)`;
    case "restarting":
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case "running":
      return `Up ${since(state.startedAt)}${healthText(state)}`;
    default:
  }
  if (removing) return "Removal In Progress";
  if (state.status === "dead") return "Dead";
  if (state.status === "created" || state.startedAt === NEVER || state.finishedAt === NEVER) {
    return state.status === "created" ? "Created" : "";
  }
  return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
}

function healthText({ health }: ContainerStateRecord): string {
  if (health === undefined) return "";
  return health.status === "starting" ? " (health: starting)" : ` (${health.status})`;
}
