import { conflict, doing, kindOf } from "../../../lib/index.ts";
import { resolveBlockDevices, resourcesFor } from "../../../runtime/index.ts";
import type { HostConfig } from "../../../spec/api/index.ts";
import { type Container, isAutoRemoved } from "../container.ts";
import { type ContainersContext, emitContainer } from "../context.ts";
import { planUpdate } from "./plan-update.ts";

/**
 * POST /containers/{id}/update. What runs has the new limits before they are written down; where the runtime refuses
 * them, nothing has changed.
 */
export function updateContainer(
  context: ContainersContext,
  container: Container,
  change: HostConfig,
): Promise<{ Warnings: string[] | null }> {
  return container.queue(async () => {
    try {
      const { hostConfig, warnings } = planUpdate(container.record.hostConfig, change, context.machine);
      if (container.phase !== "kept") {
        throw conflict('Container is marked for removal and cannot be "update".');
      }
      await applyLimits(context, container, hostConfig);
      const record = { ...container.record, hostConfig };
      await context.records.save(record, { durable: !isAutoRemoved(container) });
      container.record = record;
      emitContainer(context, container, "update");
      return { Warnings: warnings.length === 0 ? null : warnings };
    } catch (error) {
      // As with Docker, a change that is wrong in itself is not the container's matter.
      throw kindOf(error) === "invalid" ? error : doing(`Cannot update container ${container.id}`, error);
    }
  });
}

async function applyLimits(context: ContainersContext, container: Container, hostConfig: HostConfig): Promise<void> {
  const { run, record } = container;
  if (run === undefined || sameLimits(record.hostConfig, hostConfig)) return;
  const resources = resourcesFor(hostConfig, resolveBlockDevices(hostConfig));
  const memory = hostConfig.MemorySwap === -1 ? { memory: { ...resources.memory, swap: -1 } } : {};
  const pids = hostConfig.PidsLimit === 0 ? { pids: { limit: -1 } } : {};
  await context.runtime.update(run.handle, { ...resources, ...memory, ...pids });
}

const sameLimits = (before: HostConfig, after: HostConfig) =>
  JSON.stringify({ ...before, RestartPolicy: null }) === JSON.stringify({ ...after, RestartPolicy: null });
