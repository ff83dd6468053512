import { afterEach, beforeEach, expect, test } from "vitest";
import type { ContainerStats } from "../../../spec/api/index.ts";
import { type CgroupLayout, detectCgroups } from "../../../system/index.ts";
import { createContainers } from "../create-containers.ts";
import { createFakeWorld, type FakeWorld } from "../testing/fake-context.ts";
import { containerStats, exactly } from "./container-stats.ts";
import type { Sample } from "./sample.ts";
import { emptyStats, statsOf } from "./stats-document.ts";

const sample: Sample = {
  at: 1_000_000_000_123,
  steady: 2000,
  system: { total: 50e9, online: 2 },
  cpu: { usage: 10, user: 6, system: 4, periods: 1, throttledPeriods: 2, throttledTime: 3, perCpu: [7, 3] },
  memory: { usage: 100, limit: undefined, maxUsage: 200, oomKills: 0, stats: { total_inactive_file: 9 } },
  pids: { current: 2, limit: undefined },
  io: [{ major: 8, minor: 0, op: "read", bytes: 512, operations: 1 }],
  links: [
    {
      name: "eth0",
      rxBytes: 1,
      rxPackets: 2,
      rxErrors: 3,
      rxDropped: 4,
      txBytes: 5,
      txPackets: 6,
      txErrors: 7,
      txDropped: 8,
    },
  ],
};
const subject = { id: "a".repeat(64), name: "web" };

test("a document has Docker's members, on cgroup v1 and v2", () => {
  const v1 = statsOf(subject, sample, undefined, { memory: 1000, version: 1 });
  expect(v1).toMatchObject({
    read: "2001-09-09T01:46:40.123Z",
    preread: "0001-01-01T00:00:00Z",
    pids_stats: { current: 2 },
    cpu_stats: { cpu_usage: { total_usage: 10, percpu_usage: [7, 3] }, system_cpu_usage: 50e9, online_cpus: 2 },
    precpu_stats: { cpu_usage: { total_usage: 0 } },
    memory_stats: { usage: 100, max_usage: 200, limit: 1000, stats: { total_inactive_file: 9 } },
    name: "/web",
    networks: { eth0: { rx_bytes: 1, tx_dropped: 8 } },
  });
  expect(v1.blkio_stats.io_service_bytes_recursive).toEqual([{ major: 8, minor: 0, op: "Read", value: 512 }]);
  expect(v1.blkio_stats.io_queue_recursive).toEqual([]);
  const limited = { ...sample, memory: { usage: 1, limit: 500, maxUsage: 2, oomKills: 0, stats: {} } };
  const v2 = statsOf(subject, limited, sample, { memory: 1000, version: 2 });
  expect(v2.memory_stats).toEqual({ usage: 1, stats: {}, limit: 500 });
  expect(v2.blkio_stats).toMatchObject({ io_queue_recursive: null, io_serviced_recursive: [{ op: "read", value: 1 }] });
  expect(v2.precpu_stats).toEqual(v1.cpu_stats);
  expect(v2.preread).toBe(v1.read);
});

test("the machine's time between two samples is measured", () => {
  const before = { ...sample, steady: 1750, system: { total: 49.6e9, online: 2 } };
  expect(exactly(before, sample)?.system.total).toBe(50e9 - 0.25e9 * 2);
  expect(exactly(undefined, sample)).toBeUndefined();
});

let world: FakeWorld;
beforeEach(async () => {
  world = await createFakeWorld();
});
afterEach(() => world.dispose());

const none: CgroupLayout = {
  mode: "v2",
  version: 2,
  controllers: new Map(),
  unified: "/var/tmp/berth-no-such-cgroup",
  unifiedControllers: [],
};

async function made() {
  const containers = createContainers(world.context);
  const body = { Image: "busybox", HostConfig: { NetworkMode: "none" } };
  const { Id } = await containers.create({ name: "ss", body });
  const container = world.context.registry.find(Id);
  return { containers, container };
}

async function all(documents: AsyncIterable<ContainerStats>): Promise<ContainerStats[]> {
  const found: ContainerStats[] = [];
  for await (const document of documents) found.push(document);
  return found;
}

test("a container that does not run has a document without figures, at once", async () => {
  const { container } = await made();
  const ask = { stream: false, oneShot: false };
  const begun = performance.now();
  expect(await all(containerStats(detectCgroups(), container, ask, new AbortController().signal))).toEqual([
    emptyStats({ id: container.id, name: "ss" }),
  ]);
  expect(performance.now() - begun).toBeLessThan(200);
});

test("a stream ends when its reader leaves, and when the container is removed", async () => {
  const { containers, container } = await made();
  const ask = { stream: true, oneShot: false };
  const reader = new AbortController();
  const left = all(containerStats(none, container, ask, reader.signal));
  const removed = all(containerStats(none, container, ask, new AbortController().signal));
  reader.abort();
  expect(await left).toHaveLength(1);
  await containers.remove(container.id, { force: false, volumes: false, link: false });
  expect(await removed).toHaveLength(1);
});
