import { mkdtempSync, rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileAtomic } from "../../lib/index.ts";
import { createContainers } from "../containers/create-containers.ts";
import { createFakeWorld, type FakeWorld, testMachine } from "../containers/testing/fake-context.ts";
import { defaultEngineConfig } from "../engine-config.ts";
import { type Host, openRoots } from "../host.ts";
import { diskUsage } from "./disk-usage.ts";
import { engineId } from "./engine-id.ts";
import { infoBody } from "./info.ts";
import type { SystemParts } from "./system-parts.ts";
import { versionBody } from "./version.ts";

let root = "";
let world: FakeWorld;
beforeEach(async () => {
  root = mkdtempSync("/dev/shm/berth-system-");
  world = await createFakeWorld();
});
afterEach(() => {
  world.dispose();
  rmSync(root, { recursive: true, force: true });
});

const programs = new Map([
  ["conmon", { version: "2.1.6", commit: "c0" }],
  ["crun", { version: "1.8.1", commit: "f8a" }],
]);

function parts(): SystemParts {
  const config = {
    ...defaultEngineConfig({ dataRoot: root, execRoot: root }),
    insecureRegistries: ["r:5000", "10.0.0.0/8"],
  };
  const host = {
    machine: testMachine,
    runtimes: { crun: { path: "/usr/bin/crun" } },
    defaultRuntime: "crun",
    initPath: "/usr/bin/catatonit",
  } as unknown as Host;
  const images = {
    list: async () => [{ Id: "sha256:1", Size: 5, Containers: -1 }],
    layersSize: () => 42,
  } as unknown as SystemParts["images"];
  const builds = {
    cache: async () => ({ records: [], ceiling: { maxUsedSpace: 9, minFreeSpace: 5, reservedSpace: 1 } }),
  };
  const { context, volumes } = world;
  return { config, host, context, images, volumes: volumes.service, current: () => config, builds };
}

test("info counts containers by state and names what is there", async () => {
  const containers = createContainers(world.context);
  const body = { Image: "busybox", HostConfig: { NetworkMode: "none" } };
  const { Id } = await containers.create({ body });
  await containers.create({ body });
  await containers.start(Id, {});
  expect(await infoBody(parts(), "the-id", programs)).toMatchObject({
    ID: "the-id",
    Containers: 2,
    ContainersRunning: 1,
    ContainersStopped: 1,
    Images: 1,
    Driver: "overlay2",
    CgroupVersion: "2",
    DefaultRuntime: "crun",
    Runtimes: { crun: { path: "/usr/bin/crun" } },
    LiveRestoreEnabled: true,
    RegistryConfig: {
      InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8", "10.0.0.0/8"],
      IndexConfigs: { "docker.io": { Official: true }, "r:5000": { Secure: false } },
    },
    SecurityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
    Warnings: null,
  });
});

test("version names the engine and the programs under it", () => {
  const body = versionBody(parts(), programs);
  expect(body).toMatchObject({ ApiVersion: "1.51", MinAPIVersion: "1.24", Os: "linux", Arch: "amd64" });
  expect((body.Components as { Name: string; Version: string }[]).map(({ Name, Version }) => [Name, Version])).toEqual([
    ["Engine", "0.0.0-dev"],
    ["conmon", "2.1.6"],
    ["crun", "1.8.1"],
  ]);
});

test("disk usage has the wanted types only", async () => {
  await world.volumes.service.create({ Name: "vol" });
  const all = await diskUsage(parts(), undefined);
  expect(all).toMatchObject({ LayersSize: 42, Images: [{ Containers: 0 }], Containers: [], BuildCache: [] });
  expect(all.Volumes).toMatchObject([{ Name: "vol", UsageData: { RefCount: 0, Size: 0 } }]);
  expect(await diskUsage(parts(), ["volume"])).toMatchObject({ LayersSize: 0, Images: null, Containers: null });
  await expect(diskUsage(parts(), ["foo"])).rejects.toThrow("unknown object type: foo");
});

test("an engine keeps its id, and a newer data root is left alone", async () => {
  const config = defaultEngineConfig({ dataRoot: `${root}/data`, execRoot: `${root}/exec` });
  await openRoots(config, () => {});
  const id = await engineId(config.dataRoot);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  await openRoots(config, () => {});
  expect(await engineId(config.dataRoot)).toBe(id);
  await writeFileAtomic(`${config.dataRoot}/version.json`, '{"schema":2}', { durable: false });
  await expect(openRoots(config, () => {})).rejects.toMatchObject({ kind: "corrupt" });
});
