import { bytesSize, humanSize } from "../../lib/text/index.ts";
import type { ContainerStats } from "../../spec/api/index.ts";
import type { ListType } from "./list-type.ts";

/** What `stats` knows of one container: as it was named, and its newest figures where there are any. */
export interface StatsRow {
  readonly container: string;
  readonly figures: Figures | undefined;
}

export interface Figures {
  readonly id: string;
  readonly name: string;
  readonly cpuPercent: number;
  /** Bytes, without what the kernel can take back at once. */
  readonly memory: number;
  readonly memoryLimit: number;
  readonly memoryPercent: number;
  readonly received: number;
  readonly sent: number;
  readonly read: number;
  readonly written: number;
  readonly pids: number;
}

/** Docker's formulas. */
export function figuresOf(stats: ContainerStats): Figures {
  const memory = memoryInUse(stats);
  const { limit = 0 } = stats.memory_stats;
  const networks = Object.values(stats.networks ?? {});
  return {
    id: stats.id,
    name: stats.name.replace(/^\//, ""),
    cpuPercent: cpuPercent(stats),
    memory,
    memoryLimit: limit,
    memoryPercent: limit === 0 ? 0 : (memory / limit) * 100,
    received: networks.reduce((sum, each) => sum + each.rx_bytes, 0),
    sent: networks.reduce((sum, each) => sum + each.tx_bytes, 0),
    read: blockBytes(stats, "r"),
    written: blockBytes(stats, "w"),
    pids: stats.pids_stats.current ?? 0,
  };
}

function cpuPercent({ cpu_stats: now, precpu_stats: before }: ContainerStats): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const processors = now.online_cpus || (now.cpu_usage.percpu_usage?.length ?? 0);
  return passed > 0 && used > 0 ? (used / passed) * processors * 100 : 0;
}

/** Cgroup v1 calls the reclaimable part total_inactive_file, v2 inactive_file. */
function memoryInUse({ memory_stats: { usage = 0, stats = {} } }: ContainerStats): number {
  const inactive = stats.total_inactive_file ?? stats.inactive_file ?? 0;
  return inactive < usage ? usage - inactive : usage;
}

function blockBytes({ blkio_stats: blkio }: ContainerStats, op: "r" | "w"): number {
  const entries = blkio?.io_service_bytes_recursive ?? [];
  return entries.filter((entry) => entry.op.toLowerCase().startsWith(op)).reduce((sum, { value }) => sum + value, 0);
}

const percent = (value: number) => `${value.toFixed(2)}%`;
const small = (bytes: number) => humanSize(bytes, 3);

/** A cell of the figures, or what Docker prints where there are none. */
const cell = (header: string, show: (figures: Figures) => string, absent = "--") => ({
  header,
  value: ({ figures }: StatsRow) => (figures === undefined ? absent : show(figures)),
});

/** Columns of `stats`. */
export function statsList({ truncate }: { truncate: boolean }): ListType<StatsRow> {
  return {
    name: "*formatter.statsContext",
    columns: {
      Container: { header: "CONTAINER", value: (row) => row.container },
      Name: cell("NAME", ({ name }) => name),
      ID: cell("CONTAINER ID", ({ id }) => (truncate ? id.slice(0, 12) : id)),
      CPUPerc: cell("CPU %", ({ cpuPercent: value }) => percent(value)),
      MemUsage: cell(
        "MEM USAGE / LIMIT",
        (row) => `${bytesSize(row.memory)} / ${bytesSize(row.memoryLimit)}`,
        "-- / --",
      ),
      MemPerc: cell("MEM %", ({ memoryPercent }) => percent(memoryPercent)),
      NetIO: cell("NET I/O", ({ received, sent }) => `${small(received)} / ${small(sent)}`),
      BlockIO: cell("BLOCK I/O", ({ read, written }) => `${small(read)} / ${small(written)}`),
      PIDs: cell("PIDS", ({ pids }) => String(pids)),
    },
  };
}
