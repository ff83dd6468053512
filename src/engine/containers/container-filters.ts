import { BerthError, invalid } from "../../lib/index.ts";
import type { ContainerStatus } from "../../spec/api/index.ts";
import type { Filters } from "../engine.ts";
import { booleanFilter, matchesLabels, matchesPattern, valuesOf } from "../filters.ts";
import type { Container } from "./container.ts";

/** What the filters of `ps` need to know of other things. */
export interface FilterFacts {
  find(ref: string): Container;
  /** Ids of the image that a reference names, and of all images made from it; undefined where there is none. */
  imageIds(ref: string): readonly string[] | undefined;
  networksOf(container: Container): readonly { name: string; id: string }[];
  published(container: Container): readonly { containerPort: number; protocol: string }[];
}

export const statusOf = (container: Container): ContainerStatus =>
  container.phase === "removing" ? "removing" : container.state.status;

const STATUSES: readonly string[] = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
const HEALTHS: readonly string[] = ["none", "starting", "healthy", "unhealthy"];

type Test = (container: Container) => boolean;

/** Compiles the filters of GET /containers/json. Throws Docker's texts. Values of one name are alternatives. */
export function containerFilter(filters: Filters, facts: FilterFacts): Test {
  const tests = [
    ...patternTests(filters),
    ...valueTests(filters, facts),
    ...orderTests(filters, facts),
    ...relationTests(filters, facts),
  ];
  return (container) => tests.every((test) => test(container));
}

/** Whether a filter looks at containers that do not run, without `all`. */
export function looksBeyondRunning(filters: Filters): boolean {
  return valuesOf(filters, "status").length > 0;
}

function patternTests(filters: Filters): Test[] {
  const tests: Test[] = [];
  const ids = valuesOf(filters, "id");
  const names = valuesOf(filters, "name");
  const labels = valuesOf(filters, "label");
  if (ids.length > 0) tests.push(({ id }) => ids.some((prefix) => id.startsWith(prefix)) || matchesPattern(id, ids));
  if (names.length > 0) {
    tests.push(({ record: { name } }) => matchesPattern(name, names) || matchesPattern(`/${name}`, names));
  }
  if (labels.length > 0) tests.push(({ record }) => matchesLabels(record.config.Labels ?? {}, labels));
  return tests;
}

function valueTests(filters: Filters, facts: FilterFacts): Test[] {
  const tests: Test[] = [];
  const statuses = valuesOf(filters, "status");
  for (const status of statuses) if (!STATUSES.includes(status)) throw invalid(`invalid filter 'status=${status}'`);
  if (statuses.length > 0) tests.push((container) => statuses.includes(statusOf(container)));
  const codes = valuesOf(filters, "exited").map(exitCodeOf);
  if (codes.length > 0) {
    tests.push(({ state }) => state.status === "exited" && codes.includes(state.exitCode));
  }
  const healths = valuesOf(filters, "health");
  for (const health of healths) {
    if (!HEALTHS.includes(health)) throw invalid(`unrecognized filter value for health: ${health}`);
  }
  if (healths.length > 0) tests.push(({ state }) => healths.includes(state.health?.status ?? "none"));
  if (booleanFilter(filters, "is-task") === true) tests.push(() => false);
  const isolations = valuesOf(filters, "isolation");
  if (isolations.length > 0) tests.push(() => isolations.includes("default") || isolations.includes(""));
  return [...tests, ...portTests(filters, facts)];
}

function exitCodeOf(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw invalid(`invalid filter 'exited=${text}': strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}

function portTests(filters: Filters, facts: FilterFacts): Test[] {
  const tests: Test[] = [];
  const published = valuesOf(filters, "publish").flatMap((text) => portsOf("publish", text));
  const exposed = valuesOf(filters, "expose").flatMap((text) => portsOf("expose", text));
  if (published.length > 0)
    tests.push((container) =>
      facts.published(container).some((port) => published.includes(`${port.containerPort}/${port.protocol}`)),
    );
  if (exposed.length > 0) {
    tests.push(({ record }) => exposed.some((port) => Object.hasOwn(record.config.ExposedPorts ?? {}, port)));
  }
  return tests;
}

const MAX_RANGE = 65_536;

function portsOf(filter: string, text: string): string[] {
  const [range = "", protocol = "tcp"] = text.split("/", 2);
  const [first = "", last = first] = range.split("-", 2);
  for (const part of [first, last]) {
    if (!/^\d{1,5}$/.test(part) || Number(part) >= MAX_RANGE) {
      const why = `strconv.ParseUint: parsing ${JSON.stringify(part)}: invalid syntax`;
      throw new BerthError("internal", `error while looking up for ${filter} ${text}: ${why}`);
    }
  }
  const count = Number(last) - Number(first) + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, index) => `${Number(first) + index}/${protocol}`);
}

/** "before" and "since": made before, or after, another container. */
function orderTests(filters: Filters, facts: FilterFacts): Test[] {
  const tests: Test[] = [];
  for (const ref of valuesOf(filters, "before")) {
    const { created } = facts.find(ref).record;
    tests.push(({ record }) => compareTimes(record.created, created) < 0);
  }
  for (const ref of valuesOf(filters, "since")) {
    const { created } = facts.find(ref).record;
    tests.push(({ record }) => compareTimes(record.created, created) > 0);
  }
  return tests;
}

/** Order of two times as the records have them: the same length down to the second, then a fraction. */
export function compareTimes(a: string, b: string): number {
  const fixed = (time: string) => {
    const [seconds = "", fraction = ""] = time.replace(/Z$/, "").split(".");
    return `${seconds}.${fraction.padEnd(9, "0")}`;
  };
  const [left, right] = [fixed(a), fixed(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function relationTests(filters: Filters, facts: FilterFacts): Test[] {
  const tests: Test[] = [];
  const volumes = valuesOf(filters, "volume");
  if (volumes.length > 0) {
    tests.push(({ record }) =>
      record.mounts.some(
        (mount) => volumes.includes(mount.volume ?? mount.source) || volumes.includes(mount.destination),
      ),
    );
  }
  const networks = valuesOf(filters, "network");
  if (networks.length > 0) {
    tests.push((container) => {
      const own = facts.networksOf(container);
      return own.some(({ name, id }) => networks.some((text) => name === text || (text !== "" && id.startsWith(text))));
    });
  }
  const ancestors = valuesOf(filters, "ancestor");
  if (ancestors.length > 0) {
    const ids = new Set(ancestors.flatMap((ref) => facts.imageIds(ref) ?? []));
    tests.push(({ record }) => ids.has(record.imageId));
  }
  return tests;
}
