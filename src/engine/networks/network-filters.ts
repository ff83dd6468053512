import { invalid } from "../../lib/index.ts";
import type { NetworkRecord } from "../../network/index.ts";
import type { Filters } from "../engine.ts";
import { booleanFilter, matchesLabels, valuesOf } from "../filters.ts";

/** Compiles the filters of GET /networks. Values of one name are alternatives. Throws Docker's texts. */
export function networkFilter(
  filters: Filters,
  isUsed: (network: NetworkRecord) => boolean,
): (network: NetworkRecord) => boolean {
  const dangling = booleanFilter(filters, "dangling");
  const types = valuesOf(filters, "type");
  for (const type of types)
    if (type !== "builtin" && type !== "custom") throw invalid(`invalid filter: 'type'='${type}'`);
  const some = (name: string, test: (value: string) => boolean) => {
    const values = valuesOf(filters, name);
    return values.length === 0 || values.some(test);
  };
  return (network) =>
    some("name", (value) => network.name.includes(value)) &&
    some("id", (value) => network.id.startsWith(value)) &&
    some("driver", (value) => network.driver === value) &&
    some("scope", (value) => value === "local") &&
    some("type", (value) => (value === "builtin") === network.predefined) &&
    matchesLabels(network.labels, valuesOf(filters, "label")) &&
    (dangling === undefined || dangling === (!network.predefined && !isUsed(network)));
}
