import type { HostConfig } from "../../../spec/api/index.ts";
import type { Machine } from "../../../system/index.ts";
import { checkRestartPolicy } from "./options.ts";
import { resourceChecks } from "./resources.ts";
import type { Validated } from "./validate.ts";

/**
 * Checks a change of limits and restart policy. Throws "invalid" with Docker's text; what the machine cannot keep is
 * discarded with a warning. A change of swap alone is measured against the memory limit that the container has.
 */
export function validateUpdate(change: HostConfig, current: HostConfig, machine: Machine): Validated {
  const warnings: string[] = [];
  const swapOnly = (change.Memory ?? 0) === 0 && (change.MemorySwap ?? 0) > 0;
  const hostConfig = { ...change, ...(swapOnly ? { Memory: current.Memory ?? 0 } : {}) };
  checkRestartPolicy({ ...hostConfig, AutoRemove: false });
  for (const check of resourceChecks) check(hostConfig, machine, (text) => warnings.push(text));
  return { hostConfig: swapOnly ? { ...hostConfig, Memory: 0 } : hostConfig, warnings };
}
