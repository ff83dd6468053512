import type { ContainerSummary } from "../../spec/api/index.ts";
import { mountPointOf } from "../../store/records/index.ts";
import type { Filters } from "../engine.ts";
import { type Container, isRunning } from "./container.ts";
import { containerFilter, type FilterFacts, looksBeyondRunning, statusOf } from "./container-filters.ts";
import type { ContainersContext } from "./context.ts";
import { networksOf } from "./network-events.ts";
import { endpointsOf, portSummary } from "./network-settings.ts";
import { statusText } from "./status-text.ts";

export interface ListOptions {
  all: boolean;
  limit?: number;
  size: boolean;
  filters: Filters;
}

/** GET /containers/json, the youngest first. From memory, except for sizes. */
export async function listContainers(context: ContainersContext, options: ListOptions): Promise<ContainerSummary[]> {
  const limit = options.limit ?? -1;
  const everything = options.all || limit > 0 || looksBeyondRunning(options.filters);
  const passes = containerFilter(options.filters, filterFacts(context));
  const found = context.registry
    .list()
    .filter((container) => (everything || isRunning(container)) && passes(container));
  // The registry has them in the order of their making.
  found.reverse();
  const shown = limit > 0 ? found.slice(0, limit) : found;
  const now = Date.now();
  const imageName = createImageNames(context);
  const rows = shown.map((container) => summaryOf(context, container, now, imageName(container)));
  if (!options.size) return rows;
  return Promise.all(rows.map(async (row) => ({ ...row, ...(await sizesOf(context, context.registry.get(row.Id))) })));
}

function filterFacts(context: ContainersContext): FilterFacts {
  return {
    find: (ref) => context.registry.find(ref),
    imageIds: (ref) => context.images.family(ref),
    networksOf: (container) => networksOf(context, container),
    published: (container) => container.sandbox?.ports ?? [],
  };
}

/** One row of `ps`. */
function summaryOf(context: ContainersContext, container: Container, now: number, image: string): ContainerSummary {
  const { record, state, id } = container;
  const { NetworkMode: mode = "", Annotations: annotations } = record.hostConfig;
  return {
    Id: id,
    Names: [`/${record.name}`],
    Image: image,
    ImageID: record.imageId,
    Command: commandText(record.path, record.args),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: portSummary(container),
    Labels: record.config.Labels ?? {},
    State: statusOf(container),
    Status: statusText(state, container.phase === "removing", now),
    HostConfig: { NetworkMode: mode, ...(annotations ? { Annotations: annotations } : {}) },
    NetworkSettings: { Networks: endpointsOf(context, container) },
    Mounts: record.mounts
      .filter((mount) => mount.listed)
      .map((mount) => mountPointOf(mount, (name) => context.volumes.dataPath(name))),
  };
}

/** The name that the user gave, unless that is another image's now: then the id, as Docker shows it. */
function createImageNames(context: ContainersContext): (container: Container) => string {
  // Many containers have the same image: each name is looked up once.
  const known = new Map<string, string>();
  return ({ record: { imageRef, imageId } }) => {
    const key = `${imageRef} ${imageId}`;
    const name = known.get(key) ?? (context.images.nameHolds(imageRef, imageId) ? imageRef : imageId);
    known.set(key, name);
    return name;
  };
}

/** Docker's command column: arguments with spaces in single quotes. */
function commandText(path: string, args: readonly string[]): string {
  if (args.length === 0) return path;
  const shown = args.map((argument) => (argument.includes(" ") ? `'${argument}'` : argument));
  return `${path} ${shown.join(" ")}`;
}

/** Bytes of the writable layer, and of it with the image's layers. */
export async function sizesOf(
  context: ContainersContext,
  container: Container | undefined,
): Promise<{ SizeRw?: number; SizeRootFs?: number }> {
  if (container === undefined) return {};
  const own = await context.snapshots.size(context.records.folder(container.id)).catch(() => 0);
  const image = context.images.get(container.record.imageId)?.size ?? 0;
  return { ...(own === 0 ? {} : { SizeRw: own }), SizeRootFs: own + image };
}
