import { afterEach, beforeEach, expect, test } from "vitest";
import { BerthError } from "../../../lib/index.ts";
import type { HostConfig } from "../../../spec/api/index.ts";
import { createContainers } from "../create-containers.ts";
import { createFakeWorld, type FakeWorld } from "../testing/fake-context.ts";
import { planUpdate } from "./plan-update.ts";
import { updateContainer } from "./update-container.ts";

let world: FakeWorld;
beforeEach(async () => {
  world = await createFakeWorld();
});
afterEach(() => world.dispose());

const MIB = 2 ** 20;
const limited: HostConfig = { Memory: 20 * MIB, MemorySwap: 40 * MIB, CpuShares: 2 };

test("what is given counts, and nothing else changes", () => {
  const { machine } = world.context;
  const change = { Memory: 0, CpuShares: 512, CpusetCpus: "", PidsLimit: -1, RestartPolicy: { Name: "" as const } };
  expect(planUpdate({ ...limited, RestartPolicy: { Name: "always" } }, change, machine).hostConfig).toEqual({
    ...limited,
    CpuShares: 512,
    PidsLimit: 0,
    RestartPolicy: { Name: "always" },
  });
  const policy = planUpdate(limited, { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } }, machine);
  expect(policy.hostConfig.RestartPolicy).toEqual({ Name: "on-failure", MaximumRetryCount: 3 });
  expect(planUpdate(limited, { MemorySwap: 30 * MIB }, machine).hostConfig.MemorySwap).toBe(30 * MIB);
});

const swapFirst =
  "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time";

test.each<[HostConfig, HostConfig, string]>([
  [{}, { Memory: 20 * MIB }, swapFirst],
  [limited, { Memory: 50 * MIB }, swapFirst],
  [limited, { Memory: MIB }, "Minimum memory limit allowed is 6MB"],
  [limited, { MemorySwap: 10 * MIB }, "Minimum memoryswap limit should be larger than memory limit, see usage"],
  [{ CpuPeriod: 1000 }, { NanoCpus: 1e9 }, "Conflicting options: Nano CPUs cannot be updated as CPU Period has"],
  [{ NanoCpus: 1e9 }, { CpuQuota: 1000 }, "Conflicting options: CPU Quota cannot be updated as NanoCPUs has"],
  [{ AutoRemove: true }, { RestartPolicy: { Name: "always" } }, "Restart policy cannot be updated because AutoRemove"],
  [{}, { RestartPolicy: { Name: "foo" as "no" } }, "invalid restart policy: unknown policy 'foo'"],
])("%j changed by %j is refused", (current, change, text) => {
  expect(() => planUpdate(current, change, world.context.machine)).toThrow(text);
});

async function running() {
  const containers = createContainers(world.context);
  const body = { Image: "busybox", HostConfig: { NetworkMode: "none", ...limited } };
  const { Id } = await containers.create({ name: "uu", body });
  await containers.start(Id, {});
  return { containers, container: world.context.registry.find(Id) };
}

test("what runs has its new limits, the record has them, and it is told", async () => {
  const { container } = await running();
  const change = { Memory: 10 * MIB, MemorySwap: -1, PidsLimit: -1, NanoCpus: 5e8 };
  expect(await updateContainer(world.context, container, change)).toEqual({ Warnings: null });
  expect(world.runtime.last().limits).toMatchObject({
    memory: { limit: 10 * MIB, swap: -1 },
    pids: { limit: -1 },
    cpu: { quota: 50_000, period: 100_000, shares: 2 },
  });
  expect(container.record.hostConfig).toMatchObject({ Memory: 10 * MIB, MemorySwap: -1, PidsLimit: 0, NanoCpus: 5e8 });
  expect(world.events().at(-1)).toBe("container update");
});

test("a restart policy alone asks nothing of the runtime", async () => {
  const { container } = await running();
  world.runtime.failUpdate = new BerthError("internal", "asked");
  await updateContainer(world.context, container, { RestartPolicy: { Name: "always" } });
  expect(container.record.hostConfig.RestartPolicy?.Name).toBe("always");
});

test("a conflict names the container, a change that is wrong in itself does not", async () => {
  const { container } = await running();
  const update = (change: HostConfig) => updateContainer(world.context, container, change);
  await expect(update({ Memory: 50 * MIB })).rejects.toThrow(`Cannot update container ${container.id}: ${swapFirst}`);
  await expect(update({ Memory: MIB })).rejects.toThrow(/^Minimum memory limit allowed is 6MB$/);
});

test("limits that the runtime refuses change nothing", async () => {
  const { container } = await running();
  world.runtime.failUpdate = new BerthError("internal", "crun update: no");
  await expect(updateContainer(world.context, container, { CpuShares: 9 })).rejects.toThrow(
    `Cannot update container ${container.id}: crun update: no`,
  );
  expect(container.record.hostConfig.CpuShares).toBe(2);
});
