import { existsSync } from "node:fs";
import { invalid, messageOf, randomHex, randomName, UndoStack } from "../../lib/index.ts";
import type { ContainerCreateBody, ContainerCreateResponse } from "../../spec/api/index.ts";
import { CREATED } from "../../store/records/index.ts";
import { instantText } from "../events/index.ts";
import { type Container, isAutoRemoved, createContainer as makeContainer } from "./container.ts";
import { parseContainerName } from "./container-name.ts";
import { type ContainersContext, emitContainer } from "./context.ts";
import { type CreatePlan, planCreate } from "./create/plan-create.ts";
import { fillVolumes } from "./volumes-of.ts";

export interface CreateOptions {
  name?: string;
  platform?: string;
  body: ContainerCreateBody;
  /** Changes what was planned before anything is made of it. */
  adjust?: (plan: CreatePlan) => CreatePlan;
}

/** POST /containers/create. When it resolves the container is on disk; when it rejects nothing is left of it. */
export async function createContainer(
  context: ContainersContext,
  options: CreateOptions,
): Promise<ContainerCreateResponse> {
  const name = options.name ? parseContainerName(options.name) : freeName(context);
  if (!options.body.Image) throw invalid(hasCommand(options.body) ? "no image specified" : "no command specified");
  const image = await context.images.resolve(options.body.Image, options.platform);
  const planned = planCreate(options.body, image, factsFor(context, name, options.platform !== undefined));
  const plan = options.adjust?.(planned) ?? planned;
  const container = makeContainer(plan.record, CREATED);
  context.registry.add(container);
  context.images.acquire(image.id, container.id);
  const undo = new UndoStack();
  try {
    const { AttachStdin: stdin, AttachStdout: stdout, AttachStderr: stderr } = options.body;
    const awaited = stdin === true || stdout === true || stderr === true;
    await context.gate.pass(awaited, () => make(context, container, plan, undo));
  } catch (error) {
    // First of all: a volume that was made for it is in use as long as it is known.
    context.registry.remove(container);
    container.phase = "gone";
    for (const failure of await undo.unwind()) context.warn(failure.message);
    await context.images.release(image.id, container.id);
    throw error;
  }
  undo.discard();
  container.phase = "kept";
  emitContainer(context, container, "create");
  return { Id: container.id, Warnings: plan.warnings };
}

const hasCommand = ({ Cmd: cmd, Entrypoint: entrypoint }: ContainerCreateBody): boolean =>
  (cmd?.length ?? 0) + (entrypoint?.length ?? 0) > 0;

async function make(
  context: ContainersContext,
  container: Container,
  plan: CreatePlan,
  undo: UndoStack,
): Promise<void> {
  const { records, volumes, trees, snapshots } = context;
  const durable = !isAutoRemoved(container);
  await records.makeFolder(container.id);
  undo.push("remove the container's folder", async () => trees.remove(await records.discard(container.id)));
  for (const { name, anonymous, labels, options } of plan.volumes) {
    const made = await volumes.ensure({ name, labels, options, anonymous, durable });
    if (made) undo.push(`remove volume ${name}`, () => volumes.discard(name));
  }
  await Promise.all([snapshots.prepare(records.folder(container.id)), fillVolumes(context, container)]);
  // The record comes last: from here on a crash leaves a whole container.
  await records.save(container.record, { durable });
}

function factsFor(context: ContainersContext, name: string, platformAsked: boolean) {
  const { runtime, settings, machine, hostname, clock } = context;
  return {
    id: randomHex(32),
    name,
    created: instantText(clock),
    machine,
    platformAsked,
    hostname,
    runtimes: runtime.names,
    defaultRuntime: runtime.defaultName,
    log: settings.log,
    cgroupnsMode: settings.cgroupnsMode,
    ipcMode: settings.ipcMode,
    shmSize: settings.shmSize,
    idOf: (ref: string) => findOther(context, ref).id,
    mountsOf: (ref: string) => findOther(context, ref).record.mounts,
    exists: existsSync,
    volumeName: () => randomHex(32),
  };
}

/** A container that the body names. To a client "not-found" would mean the image, which it then pulls. */
function findOther(context: ContainersContext, ref: string): Container {
  try {
    return context.registry.find(ref);
  } catch (error) {
    throw invalid(messageOf(error), { cause: error });
  }
}

function freeName(context: ContainersContext): string {
  for (let attempt = 0; attempt < 20; attempt++) {
    const name = randomName();
    if (context.registry.isNameFree(name)) return name;
  }
  return `${randomName()}_${randomHex(4)}`;
}
