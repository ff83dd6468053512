import type { ContainerStateRecord } from "../../store/records/index.ts";
import { endAttachers } from "./attach/pending.ts";
import { type Container, isAutoRemoved } from "./container.ts";
import { type ContainersContext, saveState } from "./context.ts";
import { createNotice } from "./notice.ts";
import { removeNow } from "./remove-now.ts";

/** The end of a run that no other follows: those who wait are told, and a container made with --rm goes. */
export async function settle(
  context: ContainersContext,
  container: Container,
  state: ContainerStateRecord,
): Promise<void> {
  const { exit } = container;
  container.exit = createNotice();
  exit.tell({ exitCode: state.exitCode });
  if (isAutoRemoved(container) && container.phase === "kept") await removeNow(context, container, { volumes: true });
}

/** Ends a wait for a restart: the container is exited as its last run left it. Only in the container's queue. */
export async function abandonRestart(context: ContainersContext, container: Container): Promise<void> {
  container.restart?.cancel();
  container.restart = undefined;
  if (container.state.status !== "restarting") return;
  const state: ContainerStateRecord = { ...container.state, status: "exited" };
  await saveState(context, container, state);
  endAttachers(container);
  await settle(context, container, state);
}
