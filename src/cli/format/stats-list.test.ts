import { expect, test } from "vitest";
import type { ContainerStats, CpuStats } from "../../spec/api/index.ts";
import { formatList } from "./list-format.ts";
import { figuresOf, statsList } from "./stats-list.ts";

const cpu = (total: number, system?: number): CpuStats => ({
  cpu_usage: { total_usage: total, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  ...(system === undefined ? {} : { system_cpu_usage: system, online_cpus: 2 }),
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
});

const network = { rx_packets: 0, rx_errors: 0, rx_dropped: 0, tx_packets: 0, tx_errors: 0, tx_dropped: 0 };
const io = (op: string, value: number) => ({ major: 8, minor: 0, op, value });

const stats: ContainerStats = {
  read: "",
  preread: "",
  num_procs: 0,
  storage_stats: {},
  id: "0123456789abcdef".repeat(4),
  name: "/web",
  cpu_stats: cpu(3e9, 20e9),
  precpu_stats: cpu(1e9, 10e9),
  memory_stats: { usage: 50 * 2 ** 20, limit: 100 * 2 ** 20, stats: { total_inactive_file: 10 * 2 ** 20 } },
  pids_stats: { current: 3 },
  blkio_stats: { io_service_bytes_recursive: [io("Read", 1000), io("write", 2500), io("Sync", 9)] },
  networks: { eth0: { ...network, rx_bytes: 1234, tx_bytes: 5 }, eth1: { ...network, rx_bytes: 1, tx_bytes: 0 } },
};

const columns = ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"];

test("Docker's formulas and table", async () => {
  const rows = [{ container: "web", figures: figuresOf(stats) }];
  expect(await formatList(statsList({ truncate: true }), rows, "", columns)).toBe(
    [
      "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O       BLOCK I/O     PIDS",
      "0123456789ab   web       40.00%    40MiB / 100MiB      40.00%    1.24kB / 5B   1kB / 2.5kB   3",
      "",
    ].join("\n"),
  );
  expect(JSON.parse(await formatList(statsList({ truncate: false }), rows, "json", columns))).toEqual({
    BlockIO: "1kB / 2.5kB",
    CPUPerc: "40.00%",
    Container: "web",
    ID: stats.id,
    MemPerc: "40.00%",
    MemUsage: "40MiB / 100MiB",
    Name: "web",
    NetIO: "1.24kB / 5B",
    PIDs: "3",
  });
});

test("what cgroup v2 calls inactive, and what is missing", () => {
  const v2 = { ...stats, memory_stats: { usage: 10, limit: 0, stats: { inactive_file: 4 } } };
  expect(figuresOf(v2)).toMatchObject({ memory: 6, memoryPercent: 0 });
  const cached = { ...stats, memory_stats: { usage: 3, stats: { inactive_file: 4 } } };
  expect(figuresOf(cached).memory).toBe(3);
  const { networks: _, ...rest } = stats;
  const stopped = { ...rest, cpu_stats: cpu(0), precpu_stats: cpu(0), pids_stats: {}, blkio_stats: {} };
  expect(figuresOf(stopped)).toMatchObject({ cpuPercent: 0, received: 0, read: 0, pids: 0 });
});

test("a container without figures yet has dashes", async () => {
  const rows = [{ container: "web", figures: undefined }];
  const text = await formatList(statsList({ truncate: true }), rows, "{{.Container}} {{.CPUPerc}} {{.MemUsage}}", []);
  expect(text).toBe("web -- -- / --\n");
});
