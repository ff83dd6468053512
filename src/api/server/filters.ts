import type { Filters } from "../../engine/index.ts";
import { invalid } from "../../lib/index.ts";

/** More than any client sends; a bound on what a list endpoint has to look at. */
const MAX_FILTER_BYTES = 256 * 1024;

/** The filter names that each endpoint takes (Engine API 1.51). Another one is refused, never ignored. */
export const acceptedFilters = {
  containers: [
    "ancestor",
    "before",
    "exited",
    "expose",
    "health",
    "id",
    "is-task",
    "isolation",
    "label",
    "name",
    "network",
    "publish",
    "since",
    "status",
    "volume",
  ],
  containersPrune: ["label", "label!", "until"],
  images: ["before", "dangling", "label", "label!", "reference", "since", "until"],
  imagesPrune: ["dangling", "label", "label!", "until"],
  volumes: ["dangling", "driver", "label", "name"],
  volumesPrune: ["all", "label", "label!"],
  networks: ["dangling", "driver", "id", "label", "name", "scope", "type"],
  networksPrune: ["label", "label!", "until"],
  buildPrune: ["description", "id", "inuse", "label", "label!", "parent", "private", "shared", "type", "until"],
  events: [
    "config",
    "container",
    "daemon",
    "event",
    "image",
    "label",
    "network",
    "node",
    "plugin",
    "scope",
    "secret",
    "service",
    "type",
    "volume",
  ],
} as const satisfies Record<string, readonly string[]>;

/**
 * Reads the `filters` parameter in both wire forms: `{"a":["b"]}` and, from old clients, `{"a":{"b":true}}`.
 * Fails "invalid" with Docker's text on anything else, and on a name that `accepted` does not list.
 */
export function parseFilters(text: string | null, accepted: readonly string[]): Filters {
  const filters = new Map<string, readonly string[]>();
  if (text === null || text === "") return filters;
  for (const [name, value] of Object.entries(parseObject(text))) {
    if (!accepted.includes(name)) throw invalid(`invalid filter '${name}'`);
    filters.set(name, valuesOf(value));
  }
  return filters;
}

function parseObject(text: string): object {
  if (text.length > MAX_FILTER_BYTES) throw invalid("invalid filter");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid("invalid filter");
  }
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw invalid("invalid filter");
  return value;
}

function valuesOf(value: unknown): string[] {
  if (value === null) return [];
  if (typeof value !== "object") throw invalid("invalid filter");
  if (!Array.isArray(value)) {
    const entries = Object.entries(value);
    if (entries.some(([, set]) => typeof set !== "boolean")) throw invalid("invalid filter");
    return entries.filter(([, set]) => set === true).map(([name]) => name);
  }
  if (value.some((item) => typeof item !== "string")) throw invalid("invalid filter");
  return [...new Set(value as string[])];
}
