import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeyedQueue, notFound } from "../../../lib/index.ts";
import type { Machine } from "../../../runtime/index.ts";
import type { ContainerConfig } from "../../../spec/api/index.ts";
import type { ImageRecord } from "../../../store/index.ts";
import { createPacker } from "../../../store/layers/index.ts";
import { openContainerRecords, openRunStates } from "../../../store/records/index.ts";
import { createArchives } from "../../../store/trees/index.ts";
import { openVolumeStore } from "../../../store/volumes/index.ts";
import { createClock, createEventBus, type EventBus } from "../../events/index.ts";
import { createVolumes } from "../../volumes/index.ts";
import { fakeCopies } from "../../volumes/testing/fake-copies.ts";
import type { RunState } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { createNames } from "../network/names.ts";
import { createRegistry } from "../registry.ts";
import { createStartGate } from "../start/start-gate.ts";
import { fakeNetworking } from "./fake-networking.ts";
import { createFakeRuntime, type FakeRuntime } from "./fake-runtime.ts";

const IMAGE_ID = `sha256:${"ab".repeat(32)}` as const;

/** A machine with everything, whatever this one has. */
export const testMachine: Machine = {
  kernel: { major: 6, minor: 1 },
  architecture: "amd64",
  cpus: 2,
  capabilities: ["CAP_CHOWN", "CAP_KILL", "CAP_SYS_ADMIN"],
  cgroupVersion: 2,
  seccomp: true,
  apparmor: false,
  hasSysctl: () => true,
  thermalPaths: [],
  limits: {
    memory: true,
    swap: true,
    memoryReservation: true,
    memorySwappiness: true,
    oomKillDisable: true,
    cpuShares: true,
    cpuCfs: true,
    cpuRealtime: true,
    cpuset: true,
    cpusetCpus: "0-1",
    cpusetMems: "0",
    pids: true,
    blkioWeight: true,
    blkioWeightDevice: true,
    blkioThrottle: true,
    cgroupNamespaces: true,
    ipv4Forwarding: true,
  },
};

/** The record of an image with this configuration. */
export function imageRecord(config: ContainerConfig = {}): ImageRecord {
  return {
    schema: 1,
    id: IMAGE_ID,
    mediaType: "",
    created: "2026-01-01T00:00:00Z",
    size: 1000,
    config: { architecture: "amd64", os: "linux", config, rootfs: { type: "layers", diff_ids: [] }, history: [] },
    layers: [{ diffId: IMAGE_ID, chainId: IMAGE_ID, blob: { mediaType: "", digest: IMAGE_ID, size: 1 } }],
  };
}

export interface FakeWorld {
  context: ContainersContext;
  runtime: FakeRuntime;
  bus: EventBus;
  /** Names of the events so far: "container start", "volume create" … */
  events(): string[];
  warnings: string[];
  /** Target folders that count as mounted. */
  mounted: Set<string>;
  volumes: ReturnType<typeof createVolumes>;
  dispose(): void;
}

/** Everything that containers need, on a folder of its own, with a runtime and mounts that only pretend. */
export async function createFakeWorld(image: ContainerConfig = { Cmd: ["sh"] }, folder?: string): Promise<FakeWorld> {
  const root = folder ?? mkdtempSync("/dev/shm/berth-engine-");
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const background: ContainersContext["background"] = (what, work) => {
    work().catch((error: unknown) => warn(`${what}: ${String(error)}`));
  };
  const clock = createClock();
  const bus = createEventBus(clock);
  const registry = createRegistry();
  const runtime = createFakeRuntime();
  const mounted = new Set<string>();
  const remove = async (path: string) => rmSync(path, { recursive: true, force: true });
  const volumes = createVolumes({
    ...fakeCopies(),
    store: await openVolumeStore(join(root, "data"), warn),
    emit: bus.emit,
    clock,
    usersOf: (name) =>
      [...registry.all()]
        .filter(({ record }) => record.mounts.some(({ volume }) => volume === name))
        .map(({ id }) => id),
    removeTree: remove,
    sizeOf: async () => 10,
    queue: createKeyedQueue(),
    background,
    mounts: { mount: () => {}, unmount: () => {}, isMounted: () => false },
  });
  const record = imageRecord(image);
  const context: ContainersContext = {
    registry,
    runtime,
    records: await openContainerRecords(join(root, "data")),
    runs: await openRunStates<RunState>(join(root, "exec")),
    images: {
      async resolve(ref) {
        if (ref !== "busybox") throw notFound(`No such image: ${ref}:latest`);
        return record;
      },
      get: () => record,
      acquire: () => {},
      release: async () => {},
      family: (ref) => (ref === "busybox" ? [IMAGE_ID] : undefined),
      nameHolds: (ref) => ref === "busybox",
      commit: async () => IMAGE_ID,
    },
    volumes: volumes.use,
    networking: fakeNetworking(),
    names: createNames(warn),
    gate: createStartGate({ places: 2 }),
    snapshots: fakeSnapshots(mounted),
    archives: createArchives(),
    packer: createPacker(),
    trees: {
      remove,
      diskUsage: async () => ({ bytes: 0, allocated: 0, entries: 0 }),
      census: async () => [],
      digest: async () => "",
      size: async () => 0,
      copyUp: async ({ target }) => writeFileSync(join(target, "copied"), ""),
      sync: async () => {},
      unmount: async () => {},
      close: async () => {},
    },
    bus,
    clock,
    bootId: "boot-1",
    machine: testMachine,
    settings: {
      dataRoot: join(root, "data"),
      execRoot: join(root, "exec"),
      log: {},
      spec: {},
      dns: { servers: [], search: [], options: [] },
      initPath: undefined,
      cgroupParent: "",
      stopTimeout: 10,
      cgroupnsMode: "private",
      ipcMode: "private",
      shmSize: 1024,
    },
    hostname: "host",
    background,
    warn,
  };
  return {
    context,
    runtime,
    bus,
    warnings,
    mounted,
    volumes,
    events: () => bus.past().map(({ Type, Action }) => `${Type} ${Action}`),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
}

function fakeSnapshots(mounted: Set<string>): ContainersContext["snapshots"] {
  const mount = (target: string) => {
    mkdirSync(join(target, "etc"), { recursive: true });
    if (!existsSync(join(target, "etc/passwd"))) {
      writeFileSync(join(target, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\napp:x:7:7::/app:/bin/sh\n");
    }
    mkdirSync(join(target, "data"), { recursive: true });
    mounted.add(target);
  };
  return {
    prepare: async () => {},
    mount: async ({ target }) => mount(target),
    mountReadOnly: async ({ target }) => mount(target),
    unmount: async (target) => {
      mounted.delete(target);
    },
    size: async () => 5,
    graphData: () => ({}),
  };
}
