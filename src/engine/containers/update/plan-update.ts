import { conflict } from "../../../lib/index.ts";
import { type Machine, validateUpdate } from "../../../runtime/index.ts";
import type { HostConfig } from "../../../spec/api/index.ts";

const NUMBERS = [
  "BlkioWeight",
  "CpuShares",
  "NanoCpus",
  "CpuPeriod",
  "CpuQuota",
  "Memory",
  "MemorySwap",
  "MemoryReservation",
  "CpuRealtimePeriod",
  "CpuRealtimeRuntime",
] as const;

const TEXTS = ["CpusetCpus", "CpusetMems"] as const;

/**
 * The host config that an update makes of the present one, by Docker's rules: 0, "" and what is left out change nothing.
 * Pure. Throws "invalid" and "conflict" with Docker's texts.
 */
export function planUpdate(
  current: HostConfig,
  change: HostConfig,
  machine: Machine,
): { hostConfig: HostConfig; warnings: string[] } {
  const { hostConfig: valid, warnings } = validateUpdate(change, current, machine);
  checkConflicts(current, valid);
  const merged: HostConfig = { ...current };
  for (const name of NUMBERS) if ((valid[name] ?? 0) !== 0) Object.assign(merged, { [name]: valid[name] });
  for (const name of TEXTS) if (valid[name]) Object.assign(merged, { [name]: valid[name] });
  if (valid.PidsLimit != null) merged.PidsLimit = Math.max(valid.PidsLimit, 0);
  const policy = valid.RestartPolicy;
  if (policy?.Name) merged.RestartPolicy = { Name: policy.Name, MaximumRetryCount: policy.MaximumRetryCount ?? 0 };
  return { hostConfig: merged, warnings };
}

function checkConflicts(current: HostConfig, change: HostConfig): void {
  const set = (config: HostConfig, name: (typeof NUMBERS)[number]) => (config[name] ?? 0) > 0;
  const rows = [
    ["NanoCpus", "CpuPeriod", "Nano CPUs cannot be updated as CPU Period has already been set"],
    ["NanoCpus", "CpuQuota", "Nano CPUs cannot be updated as CPU Quota has already been set"],
    ["CpuPeriod", "NanoCpus", "CPU Period cannot be updated as NanoCPUs has already been set"],
    ["CpuQuota", "NanoCpus", "CPU Quota cannot be updated as NanoCPUs has already been set"],
  ] as const;
  for (const [asked, there, why] of rows) {
    if (set(change, asked) && set(current, there)) throw conflict(`Conflicting options: ${why}`);
  }
  const { Memory: memory = 0, MemorySwap: swap = 0 } = change;
  if (memory !== 0 && swap === 0 && memory > (current.MemorySwap ?? 0)) {
    throw conflict(
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    );
  }
  const { Name: policy = "" } = change.RestartPolicy ?? {};
  if (current.AutoRemove && policy !== "" && policy !== "no") {
    throw conflict("Restart policy cannot be updated because AutoRemove is enabled for the container");
  }
}
