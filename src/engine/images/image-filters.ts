import { invalid } from "../../lib/index.ts";
import type { Filters } from "../engine.ts";

/** Refuses filter names that an endpoint does not know, with Docker's text. */
export function checkFilterNames(filters: Filters, accepted: readonly string[]): void {
  for (const name of filters.keys()) if (!accepted.includes(name)) throw invalid(`invalid filter '${name}'`);
}

/** A filter that is true or false (1, t, yes … as Docker takes them); undefined where it is not given. */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const values = filters.get(name);
  if (values === undefined || values.length === 0) return undefined;
  const known = new Map([
    ["1", true],
    ["true", true],
    ["0", false],
    ["false", false],
  ]);
  const read = new Set(values.map((value) => known.get(value)));
  const [first] = read;
  if (read.size !== 1 || first === undefined) throw invalid(`invalid filter '${name}=[${values.join(" ")}]'`);
  return first;
}

/** Whether labels satisfy every "key" or "key=value" asked for. */
export function hasLabels(
  labels: Readonly<Record<string, string>> | null | undefined,
  wanted: readonly string[],
): boolean {
  return wanted.every((text) => {
    const equals = text.indexOf("=");
    const key = equals < 0 ? text : text.slice(0, equals);
    const value = labels !== null && labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
    return value !== undefined && (equals < 0 || value === text.slice(equals + 1));
  });
}
