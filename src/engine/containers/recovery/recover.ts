import { messageOf } from "../../../lib/index.ts";
import { MNT, readMounts, unmount } from "../../../system/index.ts";
import { instantText } from "../../events/index.ts";
import { type Container, createContainer, type RunState, runOf } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { finishRun, watchRun } from "../exit-container.ts";
import { thawLeftover } from "../freeze-volume-users.ts";
import { resumeChecks } from "../health/monitor.ts";
import { publishNames } from "../network/attachments.ts";
import { removeNow } from "../remove-now.ts";
import { serveNames } from "../start/etc-files.ts";
import { cgroupPathOf } from "../start/launch.ts";
import { startNow } from "../start-container.ts";
import { tearDown } from "../tear-down.ts";
import { type Observation, planRecovery } from "./plan-recovery.ts";
import type { Recovery } from "./recovery.ts";
import { startInOrder } from "./start-in-order.ts";

/** Brings the containers of the data root back: observe, plan, execute. Nothing else may use them meanwhile. */
export async function recover(context: ContainersContext): Promise<void> {
  const observation = await observe(context);
  const plan = planRecovery(observation);
  for (const path of plan.folders) context.background(`remove ${path}`, () => context.trees.remove(path));
  const byId = new Map(observation.containers.map(({ record }) => [record.id, record]));
  const known: { container: Container; recovery: Recovery }[] = [];
  for (const recovery of plan.containers) {
    const record = byId.get(recovery.id);
    if (record === undefined) continue;
    const named = recovery.name === undefined ? record : { ...record, name: recovery.name };
    const container = createContainer(named, recovery.state);
    container.phase = "kept";
    if (!add(context, container)) continue;
    context.images.acquire(record.imageId, container.id);
    known.push({ container, recovery });
  }
  for (const { container, recovery } of known)
    if (recovery.run === "adopt") await claimSandbox(context, container, observation.runs.get(container.id));
  context.networking.sweep(known.flatMap(({ container }) => container.sandbox?.endpoints ?? []));
  await context.networking
    .load()
    .catch((error: unknown) => context.warn(`published ports and the way out are not set up: ${messageOf(error)}`));
  unmountLeftovers(context, new Set(plan.containers.filter(({ run }) => run === "adopt").map(({ id }) => id)));
  for (const id of plan.orphans) await clearOrphan(context, id, observation.runs.get(id));
  // Nothing in this depends on another container, so a slow one holds up nobody.
  await Promise.all(
    known.map(({ container, recovery }) =>
      execute(context, container, recovery, observation.runs.get(container.id)).catch((error: unknown) =>
        context.warn(`recovery of container ${container.id}: ${messageOf(error)}`),
      ),
    ),
  );
  startInOrder(
    context,
    known.filter(({ recovery }) => recovery.start).map(({ container }) => container),
  );
}

async function observe(context: ContainersContext): Promise<Observation> {
  const { containers, halfMade } = await context.records.survey(context.warn);
  containers.sort((a, b) => (a.record.created < b.record.created ? -1 : 1));
  const runs = new Map<string, RunState | undefined>();
  for (const id of await context.runs.list()) runs.set(id, await context.runs.load(id));
  return { containers, halfMade, runs, bootId: context.bootId, now: instantText(context.clock) };
}

function add(context: ContainersContext, container: Container): boolean {
  try {
    context.registry.add(container);
    return true;
  } catch (error) {
    // Two records with one name: a rename was cut short. The older one keeps it.
    context.warn(`container ${container.id} is left out: ${messageOf(error)}`);
    return false;
  }
}

async function execute(
  context: ContainersContext,
  container: Container,
  recovery: Recovery,
  run: RunState | undefined,
): Promise<void> {
  await settleReplacement(context, container, recovery);
  if (recovery.run === "adopt" && run !== undefined) return adopt(context, container, run);
  if (recovery.run === "clear") await clearRun(context, container, run);
  await context.records.saveState(container.id, container.state);
  if (recovery.remove) await container.queue(() => removeNow(context, container, { volumes: true }));
}

/** One that has taken another's place is an ordinary container from here on. */
async function settleReplacement(context: ContainersContext, container: Container, recovery: Recovery): Promise<void> {
  if (container.record.replaces === undefined || recovery.remove) return;
  const { replaces: _, ...record } = container.record;
  await context.records.save(record, { durable: true });
  container.record = record;
}

/** Addresses, ports and names of a run that goes on stay its own. */
async function claimSandbox(
  context: ContainersContext,
  container: Container,
  run: RunState | undefined,
): Promise<void> {
  if (run?.sandbox === undefined) return;
  container.sandbox = run.sandbox;
  for (const endpoint of run.sandbox.endpoints) context.networking.claim(endpoint);
  for (const failure of context.networking.ports.claim(container.record.name, run.sandbox.ports)) context.warn(failure);
  await context.networking.publish(run.sandbox.ports);
  publishNames(context, container);
}

/** A run that goes on is watched again; one that ended meanwhile is finished before anyone asks for it. */
async function adopt(context: ContainersContext, container: Container, state: RunState): Promise<void> {
  const run = runOf(state);
  container.run = run;
  for (const volume of run.volumes) await context.volumes.mount(volume, container.id);
  if (context.runtime.adopt(run.handle)) {
    await thawLeftover(context, container, run);
    serveNames(context, container, run.handle.pid);
    watchRun(context, container, run, startNow);
    resumeChecks(context, container);
    return;
  }
  const info = await context.runtime.onExit(run.handle);
  run.exited.tell();
  await container.queue(() => finishRun(context, container, run, info, startNow));
}

async function clearRun(context: ContainersContext, container: Container, run: RunState | undefined): Promise<void> {
  if (run !== undefined && run.bootId === context.bootId) return tearDown(context, container, run);
  await cleanUp(context, container.id, cgroupPathOf(context, container));
}

async function clearOrphan(context: ContainersContext, id: string, run: RunState | undefined): Promise<void> {
  try {
    if (run !== undefined && run.bootId === context.bootId) await tearDown(context, { id }, run);
    else await cleanUp(context, id, `/${context.settings.cgroupParent || "berth"}/${id}`);
  } catch (error) {
    context.warn(`rest of container ${id}: ${messageOf(error)}`);
  }
}

async function cleanUp(context: ContainersContext, id: string, cgroupPath: string): Promise<void> {
  await context.runtime.cleanUp({ id, bundle: context.runs.folder(id), cgroupPath });
  unmountLeftovers(context, new Set(), id);
  await context.runs.remove(id);
}

/** Mounts below the run folders of containers that do not run, the innermost first. */
function unmountLeftovers(context: ContainersContext, running: ReadonlySet<string>, only?: string): void {
  const base = `${context.runs.folder("")}`.replace(/\/*$/, "/");
  const left = readMounts().filter(({ mountPoint }) => {
    if (!mountPoint.startsWith(base)) return false;
    const id = mountPoint.slice(base.length).split("/", 1)[0] ?? "";
    return only === undefined ? !running.has(id) : id === only;
  });
  for (const { mountPoint } of left.reverse()) {
    try {
      unmount(mountPoint, MNT.DETACH | MNT.NOFOLLOW);
    } catch (error) {
      context.warn(`unmount ${mountPoint}: ${messageOf(error)}`);
    }
  }
}
