import { rfc3339Nano } from "../../../lib/index.ts";
import type { ContainerStats, CpuStats } from "../../../spec/api/index.ts";
import { NEVER } from "../../../store/records/index.ts";
import type { InterfaceCounters } from "../../../system/index.ts";
import type { Sample } from "./sample.ts";

interface Subject {
  id: string;
  name: string;
}

const NO_BLKIO: ContainerStats["blkio_stats"] = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

const noCpu = (): CpuStats => ({
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
});

/** What Docker answers of a container that does not run. */
export function emptyStats({ id, name }: Subject): ContainerStats {
  return {
    read: NEVER,
    preread: NEVER,
    pids_stats: {},
    blkio_stats: NO_BLKIO,
    num_procs: 0,
    storage_stats: {},
    cpu_stats: noCpu(),
    precpu_stats: noCpu(),
    memory_stats: {},
    name: `/${name}`,
    id,
  };
}

/** Docker's document of a sample and the one before it. `memory` is the machine's, in bytes. */
export function statsOf(
  subject: Subject,
  sample: Sample,
  before: Sample | undefined,
  host: { memory: number; version: 1 | 2 },
): ContainerStats {
  const { pids, links } = sample;
  return {
    ...emptyStats(subject),
    read: timeOf(sample),
    preread: before === undefined ? NEVER : timeOf(before),
    pids_stats: pids === undefined ? {} : { current: pids.current, ...(pids.limit ? { limit: pids.limit } : {}) },
    blkio_stats: blkioOf(sample, host.version),
    cpu_stats: cpuOf(sample),
    precpu_stats: before === undefined ? noCpu() : cpuOf(before),
    memory_stats: memoryOf(sample, host),
    ...(links.length === 0 ? {} : { networks: Object.fromEntries(links.map((link) => [link.name, networkOf(link)])) }),
  };
}

const timeOf = ({ at }: Sample) => rfc3339Nano(BigInt(Math.round(at * 1000)) * 1000n);

function cpuOf({ cpu, system }: Sample): CpuStats {
  if (cpu === undefined) return noCpu();
  return {
    cpu_usage: {
      total_usage: cpu.usage,
      ...(cpu.perCpu === undefined ? {} : { percpu_usage: cpu.perCpu }),
      usage_in_kernelmode: cpu.system,
      usage_in_usermode: cpu.user,
    },
    system_cpu_usage: Math.round(system.total),
    online_cpus: system.online,
    throttling_data: {
      periods: cpu.periods,
      throttled_periods: cpu.throttledPeriods,
      throttled_time: cpu.throttledTime,
    },
  };
}

function memoryOf({ memory }: Sample, host: { memory: number; version: 1 | 2 }): ContainerStats["memory_stats"] {
  if (memory === undefined) return {};
  return {
    usage: memory.usage,
    ...(host.version === 1 && memory.maxUsage !== undefined ? { max_usage: memory.maxUsage } : {}),
    stats: memory.stats,
    // Without a limit, or with one that the machine cannot reach, the machine is the limit.
    limit: Math.min(memory.limit ?? host.memory, host.memory),
  };
}

function blkioOf({ io }: Sample, version: 1 | 2): ContainerStats["blkio_stats"] {
  const entries = (field: "bytes" | "operations") =>
    io.map(({ major, minor, op, ...values }) => ({
      major,
      minor,
      op: version === 2 ? op : op === "read" ? "Read" : "Write",
      value: values[field],
    }));
  const both = { io_service_bytes_recursive: entries("bytes"), io_serviced_recursive: entries("operations") };
  return version === 2 ? { ...NO_BLKIO, ...both } : { ...noQueues, ...both };
}

/** Of cgroup v1 Docker lists what the kernel no longer counts as empty. */
const noQueues = Object.fromEntries(Object.keys(NO_BLKIO).map((name) => [name, []]));

function networkOf(link: InterfaceCounters) {
  return {
    rx_bytes: link.rxBytes,
    rx_packets: link.rxPackets,
    rx_errors: link.rxErrors,
    rx_dropped: link.rxDropped,
    tx_bytes: link.txBytes,
    tx_packets: link.txPackets,
    tx_errors: link.txErrors,
    tx_dropped: link.txDropped,
  };
}
