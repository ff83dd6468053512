import { conflict, doing, messageOf, randomHex } from "../../../lib/index.ts";
import type { ContainerCreateBody, ContainerCreateResponse } from "../../../spec/api/index.ts";
import { type Container, isRunning } from "../container.ts";
import { type ContainersContext, emitContainer } from "../context.ts";
import type { CreatePlan } from "../create/plan-create.ts";
import { createContainer } from "../create-container.ts";
import { publishNames } from "../network/attachments.ts";
import { removeContainer } from "../remove-container.ts";
import { startContainer } from "../start-container.ts";
import { stopContainer } from "../stop-container.ts";
import { awaitWell } from "./await-well.ts";
import { recreateBody } from "./recreate-body.ts";

export interface RecreateOptions {
  /** Seconds that the new one has to be healthy; without a health check it has to be up for a second. */
  timeout: number;
  /** Seconds before the old one is killed. */
  stopTimeout?: number;
  signal: AbortSignal;
}

/**
 * POST /containers/{id}/recreate: a new container takes the place of this one, with its name, volumes, networks and
 * addresses, and runs if this one ran. Where the new one does not start, or is not healthy in time, the old one is
 * back. On disk the old one keeps the name until the new one's record, which names it as replaced, takes it by one write:
 * after a crash recovery goes back before that, and on after it.
 */
export async function recreateContainer(
  context: ContainersContext,
  old: Container,
  change: ContainerCreateBody,
  options: RecreateOptions,
): Promise<ContainerCreateResponse> {
  if (old.phase !== "kept") throw conflict(`container ${old.id} is being removed`);
  const { record } = old;
  const running = isRunning(old);
  const image = context.images.get(record.imageId)?.config.config ?? {};
  const hidden = `${record.name.slice(0, 200)}-replaced-${randomHex(4)}`;
  const made = await createContainer(context, {
    name: hidden,
    body: recreateBody(record, image, change),
    adjust: (plan) => inPlaceOf(old, running, plan),
  });
  const fresh = context.registry.find(made.Id);
  const addresses = old.sandbox?.endpoints ?? [];
  fresh.addresses = addresses;
  old.addresses = addresses;
  try {
    if (running) await halt(context, old, options);
    exchangeNames(context, old, fresh);
    if (running) {
      await startContainer(context, fresh);
      await awaitWell(fresh, options);
    }
    await fresh.queue(() => context.records.save(fresh.record, { durable: true }));
  } catch (error) {
    await goBack(context, old, fresh, record, running);
    throw doing(`container ${record.name} is the old one again, the new one did not take its place`, error);
  }
  await finish(context, old, fresh);
  return made;
}

/** Volumes without a name are carried over by their place; the record says what it replaces. */
function inPlaceOf(old: Container, running: boolean, plan: CreatePlan): CreatePlan {
  const renamed = new Map<string, string>();
  for (const mount of plan.record.mounts) {
    const before = old.record.mounts.find(({ destination }) => destination === mount.destination)?.volume;
    const isNew = mount.volume !== undefined && plan.record.anonymousVolumes.includes(mount.volume);
    if (isNew && before !== undefined && mount.volume !== undefined) renamed.set(mount.volume, before);
  }
  const nameOf = (name: string) => renamed.get(name) ?? name;
  return {
    ...plan,
    volumes: plan.volumes.map((volume) => ({ ...volume, name: nameOf(volume.name) })),
    record: {
      ...plan.record,
      mounts: plan.record.mounts.map((mount) =>
        mount.volume === undefined ? mount : { ...mount, volume: nameOf(mount.volume) },
      ),
      anonymousVolumes: plan.record.anonymousVolumes
        .map(nameOf)
        .filter((name) => ![...renamed.values()].includes(name) || old.record.anonymousVolumes.includes(name)),
      replaces: { id: old.id, running },
    },
  };
}

/** A container made with --rm survives this stop. */
async function halt(context: ContainersContext, old: Container, { stopTimeout }: RecreateOptions): Promise<void> {
  const { hostConfig } = old.record;
  if (hostConfig.AutoRemove) old.record = { ...old.record, hostConfig: { ...hostConfig, AutoRemove: false } };
  await stopContainer(context, old, stopTimeout === undefined ? {} : { timeout: stopTimeout }).catch(
    (error: unknown) => {
      if ((error as { kind?: string }).kind !== "already") throw error;
    },
  );
}

/** In memory only, and at once: nobody finds the name missing. */
function exchangeNames(context: ContainersContext, a: Container, b: Container): void {
  const [first, second] = [a.record.name, b.record.name];
  const between = `${first}-${randomHex(8)}`;
  const rename = (container: Container, name: string) => {
    context.registry.rename(container, name);
    container.record = { ...container.record, name };
  };
  rename(a, between);
  rename(b, first);
  rename(a, second);
  for (const container of [a, b]) if (container.sandbox !== undefined) publishNames(context, container);
}

async function goBack(
  context: ContainersContext,
  old: Container,
  fresh: Container,
  record: Container["record"],
  running: boolean,
): Promise<void> {
  const step = (what: string, work: () => Promise<unknown>) =>
    work().catch((error: unknown) => context.warn(`${what} ${record.name}: ${messageOf(error)}`));
  if (old.record.name !== record.name) exchangeNames(context, old, fresh);
  if (fresh.phase !== "gone")
    await step("removing the replacement of", () =>
      removeContainer(context, fresh, { force: true, volumes: true, link: false }),
    );
  old.record = { ...old.record, hostConfig: record.hostConfig, name: record.name };
  if (running && !isRunning(old)) await step("starting", () => startContainer(context, old));
}

async function finish(context: ContainersContext, old: Container, fresh: Container): Promise<void> {
  emitContainer(context, fresh, "recreate", { replaced: old.id });
  await removeContainer(context, old, { force: true, volumes: true, link: false });
  await fresh.queue(async () => {
    if (fresh.phase !== "kept") return;
    const { replaces: _, ...record } = fresh.record;
    await context.records.save(record, { durable: true });
    fresh.record = record;
  });
}
