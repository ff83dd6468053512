import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { messageOf, UndoStack } from "../lib/index.ts";
import { openNetworking } from "../network/index.ts";
import { createRuntime, type SpecDefaults } from "../runtime/index.ts";
import { createSnapshots, openBlobStore, openImageStore } from "../store/index.ts";
import { createPacker, openLayerStore } from "../store/layers/index.ts";
import { openContainerRecords, openRunStates } from "../store/records/index.ts";
import { createArchives, createTrees } from "../store/trees/index.ts";
import { openVolumeStore } from "../store/volumes/index.ts";
import { createBuilds } from "./builds/index.ts";
import type { RunState } from "./containers/container.ts";
import type { ContainersContext, ContainersSettings } from "./containers/context.ts";
import { createContainers } from "./containers/create-containers.ts";
import { createVitals } from "./containers/create-vitals.ts";
import { withFrozenUsers } from "./containers/freeze-volume-users.ts";
import { watchHealth } from "./containers/health/act-on-failure.ts";
import { endChecks } from "./containers/health/monitor.ts";
import { createNames } from "./containers/network/names.ts";
import { recover } from "./containers/recovery/recover.ts";
import { createRegistry } from "./containers/registry.ts";
import { createStartGate } from "./containers/start/start-gate.ts";
import { examine } from "./doctor/index.ts";
import type { Engine } from "./engine.ts";
import type { EngineConfig, EngineLog, ReloadableEngineConfig } from "./engine-config.ts";
import { createClock, createEventBus, createEvents, instantText } from "./events/index.ts";
import { createExecs } from "./execs/index.ts";
import { type Host, openRoots, surveyHost } from "./host.ts";
import { imageDeps, imagesForContainers, registriesOf } from "./image-deps.ts";
import { createImages } from "./images/index.ts";
import { createNetworks } from "./networks/index.ts";
import { createSystem } from "./system/index.ts";
import { volumesContext } from "./volume-deps.ts";
import { createVolumes } from "./volumes/index.ts";

/** An engine as its daemon holds it. */
export interface RunningEngine {
  readonly engine: Engine;
  /** Applies what a reload can change, and says so in the daemon's event. */
  reload(config: ReloadableEngineConfig, attributes: Record<string, string>): void;
  /** Lets go of everything; containers run on. */
  close(): Promise<void>;
}

/**
 * Opens the data root, finds out what became of its containers, and wires the services. The caller holds the roots for
 * itself alone. Rejects with nothing left open.
 */
export async function createEngine(config: EngineConfig, log: EngineLog): Promise<RunningEngine> {
  const undo = new UndoStack();
  try {
    return await build(config, log, undo);
  } catch (error) {
    for (const failure of await undo.unwind()) log.error(failure.message);
    throw error;
  }
}

async function build(config: EngineConfig, log: EngineLog, undo: UndoStack): Promise<RunningEngine> {
  await openRoots(config, log.warn);
  let current: ReloadableEngineConfig = config;
  const host = await surveyHost(config, log);
  const stores = await openStores(config, log, undo);
  const runtime = createRuntime({ ...host, execRoot: config.execRoot });
  undo.push("runtime", () => runtime.close());
  const clock = createClock();
  const bus = createEventBus(clock);
  const registry = createRegistry();
  let closing = false;
  const background = createBackground((message) => {
    // What close cuts short is taken up again at the next start.
    if (!closing) log.error(message);
  });
  const imageParts = imageDeps({ ...stores, store: stores.images, registry, bus, log, config, current: () => current });
  const images = createImages(imageParts);
  const volumes = createVolumes(
    volumesContext({
      ...stores,
      store: stores.volumes,
      registry,
      bus,
      clock,
      background,
      warn: log.warn,
      frozen: (name, work) => withFrozenUsers(context, name, work),
    }),
  );
  const networking = await openNetworking({
    dataRoot: config.dataRoot,
    execRoot: config.execRoot,
    settings: config.networks,
    now: () => instantText(clock),
    warn: log.warn,
  });
  undo.push("networks", () => networking.close());
  const names = createNames(log.warn);
  undo.push("name server", () => names.close());
  const context: ContainersContext = {
    ...stores,
    ...host,
    registry,
    runtime,
    images: imagesForContainers(images, stores.images),
    volumes: volumes.use,
    networking,
    names,
    gate: createStartGate({ places: availableParallelism() + 1 }),
    bus,
    clock,
    settings: settingsOf(config, host),
    background,
    warn: log.warn,
  };
  const endWatch = watchHealth(context);
  undo.push("health actions", async () => endWatch());
  await recover(context);
  const builds = await createBuilds({
    ...config,
    context,
    host,
    layers: stores.layers,
    store: stores.images,
    images,
    imageParts,
    registry: registriesOf(config, () => current),
  });
  undo.push("builds", () => builds.close());
  for (const path of stores.volumes.leftovers) background("remove an old volume", () => stores.trees.remove(path));
  background("collection of unused layers", () => images.collectGarbage());
  const doctorParts = {
    ...stores,
    containers: context,
    host,
    cgroupParent: config.cgroupParent ?? "",
    collectGarbage: images.collectGarbage,
    restoreLayers: images.restoreLayers,
  };
  const parts = { config, host, context, images, volumes: volumes.service, current: () => current, builds };
  return {
    engine: {
      containers: createContainers(context),
      execs: createExecs(context),
      images,
      volumes: volumes.service,
      networks: createNetworks(context),
      events: createEvents(bus),
      system: createSystem(parts),
      vitals: createVitals(context, host),
      builds,
      doctor: {
        examine: ({ repair, deep, signal }) => examine({ ...doctorParts, deep, signal }, { repair }),
      },
    },
    reload(next, attributes) {
      current = next;
      bus.emit("daemon", "reload", "", { ...attributes, name: host.hostname });
    },
    close: async () => {
      closing = true;
      for (const container of registry.all()) {
        container.restart?.cancel();
        endChecks(container);
      }
      for (const failure of await undo.unwind()) log.error(failure.message);
    },
  };
}

async function openStores(config: EngineConfig, log: EngineLog, undo: UndoStack) {
  const { dataRoot, execRoot } = config;
  const trees = createTrees();
  undo.push("tree workers", () => trees.close());
  // Threads of their own, so that taking a container down does not wait behind the removal of a big tree.
  const mounts = createTrees();
  undo.push("mount workers", () => mounts.close());
  const archives = createArchives();
  undo.push("archive workers", () => archives.close());
  const packer = createPacker();
  undo.push("pack workers", () => packer.close());
  const layers = await openLayerStore({ folder: join(dataRoot, "layers"), trees });
  undo.push("layers", () => layers.close());
  const blobs = await openBlobStore(dataRoot);
  undo.push("blobs", () => blobs.close());
  return {
    trees,
    archives,
    packer,
    layers,
    blobs,
    snapshots: createSnapshots({ layers, trees: { ...trees, unmount: mounts.unmount } }),
    images: await openImageStore(dataRoot, log.warn),
    records: await openContainerRecords(dataRoot),
    runs: await openRunStates<RunState>(execRoot),
    volumes: await openVolumeStore(dataRoot, log.warn),
  };
}

function settingsOf(config: EngineConfig, host: Host): ContainersSettings {
  const { seccompProfile: seccomp } = config;
  const profile = seccomp.startsWith("/") ? readFileSync(seccomp, "utf8") : seccomp;
  const spec: SpecDefaults = {
    ulimits: config.defaultUlimits,
    noNewPrivileges: config.noNewPrivileges,
    seccompProfile: profile,
    init: config.init,
    ...(host.apparmorProfile === undefined ? {} : { apparmorProfile: host.apparmorProfile }),
  };
  return {
    dataRoot: config.dataRoot,
    execRoot: config.execRoot,
    log: { Type: config.logDriver, Config: { ...config.logOpts } },
    spec,
    dns: { servers: [...config.dns], search: [...config.dnsSearch], options: [...config.dnsOptions] },
    initPath: host.initPath,
    cgroupParent: config.cgroupParent ?? "",
    stopTimeout: 10,
    cgroupnsMode: config.defaultCgroupnsMode,
    ipcMode: config.defaultIpcMode,
    shmSize: config.defaultShmSize,
  };
}

/** Work that nobody waits for: its failure is reported and ends nothing. */
function createBackground(report: (message: string) => void): ContainersContext["background"] {
  return (what, work) => {
    work().catch((error: unknown) => report(`${what}: ${messageOf(error)}`));
  };
}
