/** One of GET /containers/{id}/stats's documents, Engine API 1.51. Of a container that does not run most is left out. */
export interface ContainerStats {
  /** RFC 3339; "0001-01-01T00:00:00Z" where nothing was read. */
  read: string;
  preread: string;
  pids_stats: { current?: number; limit?: number };
  blkio_stats: Record<string, BlkioEntry[] | null>;
  num_procs: 0;
  storage_stats: Record<string, never>;
  cpu_stats: CpuStats;
  /** The sample before; zeros where there was none. */
  precpu_stats: CpuStats;
  memory_stats: MemoryStats;
  name: string;
  id: string;
  networks?: Record<string, NetworkCounters>;
}

interface BlkioEntry {
  major: number;
  minor: number;
  op: string;
  value: number;
}

/** Nanoseconds. */
export interface CpuStats {
  cpu_usage: {
    total_usage: number;
    /** Only of cgroup v1. */
    percpu_usage?: number[];
    usage_in_kernelmode: number;
    usage_in_usermode: number;
  };
  /** Of all processors together, idle time included. */
  system_cpu_usage?: number;
  online_cpus?: number;
  throttling_data: { periods: number; throttled_periods: number; throttled_time: number };
}

/** Bytes. */
interface MemoryStats {
  usage?: number;
  max_usage?: number;
  /** The lines of the cgroup's memory.stat. */
  stats?: Record<string, number>;
  failcnt?: number;
  limit?: number;
}

interface NetworkCounters {
  rx_bytes: number;
  rx_packets: number;
  rx_errors: number;
  rx_dropped: number;
  tx_bytes: number;
  tx_packets: number;
  tx_errors: number;
  tx_dropped: number;
}

/** GET /containers/{id}/top. */
export interface ContainerTop {
  Titles: string[];
  Processes: string[][];
}
