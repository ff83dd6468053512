import type { Context } from "./context.ts";
import { cut } from "./flag.ts";

type Filters = ReadonlyMap<string, readonly string[]>;

/** The given filters and those of config.json's `pruneFilters` that do not contradict them. */
export function pruneFilters(context: Context, given: Filters): Filters {
  const { pruneFilters: configured } = context.config;
  if (!Array.isArray(configured)) return given;
  const merged = new Map(given);
  for (const text of configured.map(String)) {
    const [name, value] = cut(text, "=");
    if (value === undefined) continue;
    const opposite = name === "label" ? "label!" : name === "label!" ? "label" : undefined;
    if (opposite !== undefined && given.get(opposite)?.includes(value)) continue;
    merged.set(name, [...(merged.get(name) ?? []), value]);
  }
  return merged;
}
