import { invalid, kindOf, parseTimestamp } from "../../lib/index.ts";
import type { Filters } from "../engine.ts";
import { passesLabelFilters, valuesOf } from "../filters.ts";
import { isRunning } from "./container.ts";
import type { ContainersContext } from "./context.ts";
import { sizesOf } from "./list-containers.ts";
import { removeContainer } from "./remove-container.ts";

/** POST /containers/prune: removes every container that does not run. */
export async function pruneContainers(
  context: ContainersContext,
  filters: Filters,
): Promise<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }> {
  const until = untilOf(filters);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const container of context.registry.list()) {
    const { record } = container;
    if (isRunning(container) || container.phase !== "kept") continue;
    if (until !== undefined && BigInt(Date.parse(record.created)) * 1_000_000n > until) continue;
    if (!passesLabelFilters(record.config.Labels ?? {}, filters)) continue;
    const { SizeRw: size = 0 } = await sizesOf(context, container);
    try {
      await removeContainer(context, container, { force: false, volumes: false, link: false });
    } catch (error) {
      // It was started, or somebody else removes it: then it is not ours to prune.
      if (kindOf(error) !== "conflict")
        context.warn(`prune: ${error instanceof Error ? error.message : String(error)}`);
      continue;
    }
    deleted.push(container.id);
    reclaimed += size;
  }
  context.bus.emit("container", "prune", "", { reclaimed: String(reclaimed) });
  return { ContainersDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
}

function untilOf(filters: Filters): bigint | undefined {
  const values = valuesOf(filters, "until");
  if (values.length > 1) throw invalid("more than one until filter specified");
  const [text] = values;
  return text === undefined ? undefined : parseTimestamp(text);
}
