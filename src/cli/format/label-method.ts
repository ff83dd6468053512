import type { StringMap } from "../../spec/api/index.ts";

/** `.Label "name"` of every list whose rows have labels. */
export const labelMethod = <T>(labels: (row: T) => StringMap | null | undefined) => ({
  header: (name: string) => (name.split(".").pop() ?? "").replace(/[-_]/g, " "),
  value: (row: T, name: string) => labels(row)?.[name] ?? "",
});

/** Labels as one cell, sorted by name. */
export function labelsText(labels: StringMap | null | undefined): string {
  return Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(",");
}
