import type { StoredContainer } from "../../../store/records/index.ts";
import type { Recovery } from "./recovery.ts";

/**
 * A crash while one container took the place of another leaves both. Where the new one has the name on disk, it has taken
 * it, and the old one goes; otherwise the old one is back as it was, and the new one goes, its processes too. Pure.
 */
export function planReplacements(containers: readonly StoredContainer[], plan: readonly Recovery[]): Recovery[] {
  const byId = new Map(containers.map(({ record }) => [record.id, record]));
  const changes = new Map<string, Partial<Recovery>>();
  for (const { record } of containers) {
    const old = record.replaces === undefined ? undefined : byId.get(record.replaces.id);
    if (record.replaces === undefined || old === undefined) continue;
    if (record.name === old.name)
      changes.set(old.id, { ...away(plan, old.id), name: `${old.name}-${old.id.slice(0, 12)}` });
    else {
      changes.set(record.id, away(plan, record.id));
      const { run } = plan.find(({ id }) => id === old.id) ?? {};
      changes.set(old.id, { remove: false, start: record.replaces.running && run !== "adopt" });
    }
  }
  return plan.map((recovery) => ({ ...recovery, ...changes.get(recovery.id) }));
}

const away = (plan: readonly Recovery[], id: string): Partial<Recovery> => ({
  run: plan.find((recovery) => recovery.id === id)?.run === "none" ? "none" : "clear",
  remove: true,
  start: false,
});
