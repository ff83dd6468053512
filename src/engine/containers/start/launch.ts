import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { UndoStack } from "../../../lib/index.ts";
import {
  buildSpec,
  type LogFileOptions,
  mountPlaces,
  type OciSpec,
  type ResolvedMount,
  type RunningHandle,
  resolveBlockDevices,
  resolveDevices,
} from "../../../runtime/index.ts";
import { containerCgroupPath, type ResolvedUser } from "../../../system/index.ts";
import { type Container, type Run, type RunState, runOf } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { planLog } from "../create/log-config.ts";
import { parseNetworkMode } from "../create/network-mode.ts";
import { joinSandbox, prepareSandbox } from "../network/sandbox.ts";
import { emitJoined, emitLeft } from "../network-events.ts";
import { volumeMounts } from "../volumes-of.ts";
import { etcMounts, serveNames, writeEtcFiles } from "./etc-files.ts";
import { type Pinned, resolveMounts } from "./mounts.ts";
import { namespacesOf } from "./namespaces.ts";
import { prepareRoot, userIn } from "./root-file-system.ts";
import { shmPathOf } from "./shared-memory.ts";

/** Where the container's root file system is mounted while it runs. */
export const rootfsOf = (context: ContainersContext, id: string): string => join(context.runs.folder(id), "rootfs");

/**
 * Sets up everything that a run needs, up to a process that waits to be started. Each step pushes its undo; after a
 * failure the caller unwinds, and nothing of the run is left.
 */
export async function launch(context: ContainersContext, container: Container, undo: UndoStack): Promise<Run> {
  const { id, record } = container;
  const { runs, snapshots } = context;
  const folder = runs.folder(id);
  const pinned: Pinned = { folder, targets: [] };
  context.runtime.warmUp();
  await runs.makeFolder(id);
  undo.push("remove the run's folder", () => runs.remove(id));
  const rootfs = rootfsOf(context, id);
  undo.push("unmount the root file system", () => snapshots.unmount(rootfs));
  const containerFolder = context.records.folder(id);
  await prepareSandbox(context, container, undo);
  await Promise.all([
    snapshots.mount({
      containerFolder,
      chainIds: record.chainIds,
      target: rootfs,
      volatile: record.hostConfig.AutoRemove === true,
    }),
    writeEtcFiles(context, container),
  ]);
  const volumes = await mountVolumes(context, container, undo);
  undo.push("unmount what the run has mounted", () => unmountAll(context, pinned.targets));
  prepareRoot(rootfs, record.config.WorkingDir ?? "");
  const user = userIn(rootfs, record.config.User ?? "", record.hostConfig.GroupAdd ?? []);
  emitJoined(context, container);
  undo.push("leave the network", () => emitLeft(context, container, { volumes }));
  const spec = await specFor(context, container, { rootfs, user, pinned });
  const handle = await createProcess(context, container, folder, spec);
  undo.push("remove the process", () => context.runtime.delete(handle));
  await joinSandbox(context, container, handle.pid);
  serveNames(context, container, handle.pid);
  const state = runState(context, container, { handle, volumes, pinned: pinned.targets });
  await runs.save(id, state);
  return runOf(state);
}

/** What a later daemon has to know of a run. */
function runState(
  context: ContainersContext,
  { sandbox }: Container,
  run: Pick<RunState, "handle" | "volumes" | "pinned">,
): RunState {
  return { schema: 1, bootId: context.bootId, ...run, ...(sandbox === undefined ? {} : { sandbox }) };
}

async function mountVolumes(context: ContainersContext, container: Container, undo: UndoStack): Promise<string[]> {
  const mounted: string[] = [];
  for (const { volume } of volumeMounts(container)) {
    await context.volumes.ensure({ name: volume, labels: null, options: null, anonymous: false, durable: true });
    await context.volumes.mount(volume, container.id);
    undo.push(`release volume ${volume}`, () => context.volumes.unmount(volume, container.id));
    mounted.push(volume);
  }
  return mounted;
}

export async function unmountAll(context: ContainersContext, targets: readonly string[]): Promise<void> {
  for (const target of targets) await context.snapshots.unmount(target);
}

interface Prepared {
  rootfs: string;
  user: ResolvedUser;
  pinned: Pinned;
}

async function specFor(context: ContainersContext, container: Container, prepared: Prepared): Promise<OciSpec> {
  const { record, id } = container;
  const { config, hostConfig } = record;
  const { settings, machine } = context;
  const place = (mounts: readonly ResolvedMount[], asked: Parameters<typeof mountPlaces>[1]) => {
    const places = mountPlaces(prepared.rootfs, asked);
    return mounts.map((mount, index) => ({ ...mount, destination: places[index] ?? mount.destination }));
  };
  const own = place(await resolveMounts(context, container, prepared.pinned), record.mounts);
  const etc = etcMounts(context, container, new Set([...record.mounts, ...own].map((mount) => mount.destination)));
  const shmPath = await shmPathOf(context, container, prepared.pinned);
  return buildSpec({
    id,
    config,
    hostConfig,
    rootfs: prepared.rootfs,
    user: prepared.user,
    mounts: [...place(etc, etc), ...own],
    devices: resolveDevices(hostConfig),
    blockDevices: resolveBlockDevices(hostConfig),
    hostname: hostnameOf(context, container),
    cgroupPath: cgroupPathOf(context, container),
    namespaces: namespacesOf(context, container),
    machine,
    defaults: settings.spec,
    ...(settings.initPath === undefined ? {} : { initPath: settings.initPath }),
    ...(shmPath === undefined ? {} : { shmPath }),
  });
}

/** A container that shares another's network is called like that one, as with Docker. */
export function hostnameOf(context: ContainersContext, container: Container): string {
  const mode = parseNetworkMode(container.record.hostConfig.NetworkMode ?? "");
  const owner = mode.kind === "container" ? context.registry.get(mode.ref) : container;
  return (owner ?? container).record.config.Hostname ?? "";
}

export function cgroupPathOf(context: ContainersContext, container: Container): string {
  return containerCgroupPath(container.id, container.record.hostConfig.CgroupParent || context.settings.cgroupParent);
}

function createProcess(
  context: ContainersContext,
  container: Container,
  bundle: string,
  spec: OciSpec,
): Promise<RunningHandle> {
  const { config, hostConfig, id, path } = container.record;
  const log = logFileOf(context, container);
  if (log !== undefined) mkdirSync(dirname(log.path), { recursive: true, mode: 0o700 });
  return context.runtime.create({
    id,
    bundle,
    spec,
    terminal: config.Tty === true,
    stdin: config.OpenStdin === true,
    stdinOnce: config.StdinOnce === true,
    cgroupPath: cgroupPathOf(context, container),
    command: path,
    ...(hostConfig.Runtime ? { runtime: hostConfig.Runtime } : {}),
    ...(log === undefined ? {} : { log }),
  });
}

/** Where the container's output is kept; undefined with the driver "none". */
export function logFileOf(context: ContainersContext, container: Container): LogFileOptions | undefined {
  const plan = planLog(container.record.hostConfig.LogConfig);
  if (plan.type === "none") return undefined;
  const path = join(context.records.folder(container.id), "log", "ctr.log");
  return { path, maxFile: plan.maxFile, ...(plan.maxSize === undefined ? {} : { maxSize: plan.maxSize }) };
}
