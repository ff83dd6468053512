import { invalid } from "../../lib/index.ts";
import type { HostConfig, ThrottleDevice } from "../../spec/api/index.ts";
import type { BlockDevices } from "./input.ts";
import type { OciBlockIO, OciCpu, OciMemory, OciResources, OciThrottle } from "./oci.ts";

const PERIOD = 100_000;

function memory(config: HostConfig): OciMemory | undefined {
  const memory: OciMemory = {
    ...(positive(config.Memory) && { limit: config.Memory }),
    ...(positive(config.MemoryReservation) && { reservation: config.MemoryReservation }),
    ...(positive(config.MemorySwap) && { swap: config.MemorySwap }),
    ...(config.MemorySwappiness != null && { swappiness: config.MemorySwappiness }),
    ...(config.OomKillDisable != null && { disableOOMKiller: config.OomKillDisable }),
  };
  return Object.keys(memory).length === 0 ? undefined : memory;
}

const positive = (value: number | undefined): value is number => value !== undefined && value > 0;
const given = (value: number | undefined): value is number => value !== undefined && value !== 0;

function cpu(config: HostConfig): OciCpu | undefined {
  const cpu: OciCpu = {
    ...(given(config.CpuShares) && { shares: config.CpuShares }),
    ...(config.CpusetCpus && { cpus: config.CpusetCpus }),
    ...(config.CpusetMems && { mems: config.CpusetMems }),
    ...(positive(config.NanoCpus) && { period: PERIOD, quota: Math.trunc((config.NanoCpus * PERIOD) / 1e9) }),
    ...(given(config.CpuPeriod) && { period: config.CpuPeriod }),
    ...(given(config.CpuQuota) && { quota: config.CpuQuota }),
    ...(given(config.CpuRealtimePeriod) && { realtimePeriod: config.CpuRealtimePeriod }),
    ...(given(config.CpuRealtimeRuntime) && { realtimeRuntime: config.CpuRealtimeRuntime }),
  };
  return Object.keys(cpu).length === 0 ? undefined : cpu;
}

/** Every path of the host that limits name, to be looked up before the document is built. */
export function blockDevicePaths(config: HostConfig): string[] {
  const lists = [
    config.BlkioWeightDevice,
    config.BlkioDeviceReadBps,
    config.BlkioDeviceWriteBps,
    config.BlkioDeviceReadIOps,
    config.BlkioDeviceWriteIOps,
  ];
  return [...new Set(lists.flatMap((list) => (list ?? []).map((device) => device.Path)))];
}

function numbersOf(path: string, devices: BlockDevices): { major: number; minor: number } {
  const found = devices.get(path);
  if (found === undefined) throw invalid(`stat ${path}: no such file or directory`);
  return found;
}

function throttles(list: ThrottleDevice[] | null | undefined, devices: BlockDevices): OciThrottle[] | undefined {
  if (list == null || list.length === 0) return undefined;
  return list.map((device) => ({ ...numbersOf(device.Path, devices), rate: device.Rate }));
}

function blockIO(config: HostConfig, devices: BlockDevices): OciBlockIO {
  const weights = (config.BlkioWeightDevice ?? []).map((device) => ({
    ...numbersOf(device.Path, devices),
    weight: device.Weight,
  }));
  const all: { [K in keyof OciBlockIO]: OciBlockIO[K] | undefined } = {
    weight: given(config.BlkioWeight) ? config.BlkioWeight : undefined,
    weightDevice: weights.length === 0 ? undefined : weights,
    throttleReadBpsDevice: throttles(config.BlkioDeviceReadBps, devices),
    throttleWriteBpsDevice: throttles(config.BlkioDeviceWriteBps, devices),
    throttleReadIOPSDevice: throttles(config.BlkioDeviceReadIOps, devices),
    throttleWriteIOPSDevice: throttles(config.BlkioDeviceWriteIOps, devices),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as OciBlockIO;
}

/**
 * The limits of a container, in the OCI document's terms. They are cgroup v1's values: the runtime converts them on v2.
 * Device rules come from elsewhere.
 */
export function resourcesFor(config: HostConfig, devices: BlockDevices): Omit<OciResources, "devices"> {
  const memoryLimits = memory(config);
  const cpuLimits = cpu(config);
  const io = blockIO(config, devices);
  // A new cgroup has no limit of its own, and crun cannot write the number for none.
  const pids = positive(config.PidsLimit ?? undefined) ? config.PidsLimit : undefined;
  return {
    ...(memoryLimits && { memory: memoryLimits }),
    ...(cpuLimits && { cpu: cpuLimits }),
    ...(pids != null && { pids: { limit: pids } }),
    ...(Object.keys(io).length > 0 && { blockIO: io }),
  };
}
