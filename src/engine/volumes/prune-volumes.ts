import { kindOf } from "../../lib/index.ts";
import type { VolumesPruneResponse } from "../../spec/api/index.ts";
import { isAnonymous } from "../../store/volumes/index.ts";
import type { Filters } from "../engine.ts";
import { booleanFilter, passesLabelFilters } from "../filters.ts";
import { removeVolume } from "./remove-volume.ts";
import type { VolumesContext } from "./volumes-context.ts";

/**
 * POST /volumes/prune: volumes that no container has. Only those without a name of the user's unless the filter
 * `all=true` asks for all (API 1.42; before that the server side adds the filter).
 */
export async function pruneVolumes(context: VolumesContext, filters: Filters): Promise<VolumesPruneResponse> {
  const all = booleanFilter(filters, "all") ?? false;
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const record of context.store.list()) {
    if ((!all && !isAnonymous(record)) || !passesLabelFilters(record.labels ?? {}, filters)) continue;
    if (context.usersOf(record.name).length > 0) continue;
    const size = await context.sizeOf(context.store.dataPath(record.name)).catch(() => 0);
    try {
      await removeVolume(context, record.name, { force: true });
    } catch (error) {
      if (kindOf(error) === "conflict") continue;
      throw error;
    }
    deleted.push(record.name);
    reclaimed += size;
  }
  context.emit("volume", "prune", "", { reclaimed: String(reclaimed) });
  return { VolumesDeleted: deleted, SpaceReclaimed: reclaimed };
}
