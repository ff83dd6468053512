import { humanSize, table } from "../../lib/text/index.ts";
import type { ContainerSummary, DataRootUsage, ImageSummary, Volume } from "../../spec/api/index.ts";
import { containerList } from "./container-list.ts";
import { forTerminal } from "./for-terminal.ts";
import { goJson } from "./go-json.ts";
import { imageList, imageRows } from "./image-list.ts";
import { formatList } from "./list-format.ts";
import { type ListType, rowJson } from "./list-type.ts";
import { VOLUME_LIST } from "./volume-list.ts";

/** A record of the build cache. */
interface CacheRecord {
  ID: string;
  Type: string;
  Size: number;
  InUse: boolean;
  Shared: boolean;
  UsageCount?: number;
  CreatedAt?: string;
  LastUsedAt?: string | null;
}

/** Body of GET /system/df. */
export interface DiskUsage {
  LayersSize?: number;
  Images?: ImageSummary[] | null;
  Containers?: ContainerSummary[] | null;
  Volumes?: Volume[] | null;
  BuildCache?: CacheRecord[] | null;
  /** Berth's own. */
  DataRoot?: DataRootUsage;
}

/** One line of `system df`. */
export interface UsageRow {
  readonly type: string;
  readonly total: number;
  readonly active: number;
  readonly size: number;
  readonly reclaimable: number;
  /** Whether the share of the whole is shown too. */
  readonly share: boolean;
}

export const usageList: ListType<UsageRow> = {
  name: "*formatter.diskUsageContext",
  columns: {
    Type: { header: "TYPE", value: (row) => row.type },
    TotalCount: { header: "TOTAL", value: (row) => String(row.total) },
    Active: { header: "ACTIVE", value: (row) => String(row.active) },
    Size: { header: "SIZE", value: (row) => humanSize(row.size) },
    Reclaimable: { header: "RECLAIMABLE", value: reclaimableText },
  },
};

function reclaimableText(row: UsageRow): string {
  const share = row.share && row.size > 0 ? ` (${Math.trunc((row.reclaimable * 100) / row.size)}%)` : "";
  return humanSize(row.reclaimable) + share;
}

const sum = <T>(items: readonly T[], size: (item: T) => number) => items.reduce((total, item) => total + size(item), 0);

/** The four lines of `system df`. */
export function usageRows(usage: DiskUsage): UsageRow[] {
  const { Images, Containers, Volumes, BuildCache, LayersSize = 0 } = usage;
  const images = Images ?? [];
  const containers = Containers ?? [];
  const volumes = Volumes ?? [];
  const cache = BuildCache ?? [];
  const used = sum(images, (image) =>
    image.Containers > 0 && image.Size >= 0 && image.SharedSize >= 0 ? image.Size - image.SharedSize : 0,
  );
  const isActive = (container: ContainerSummary) => ["running", "paused", "restarting"].includes(container.State);
  const isUsed = (volume: Volume) => (volume.UsageData?.RefCount ?? 0) > 0;
  const size = (volume: Volume) => Math.max(0, volume.UsageData?.Size ?? 0);
  const whole = sum(containers, (container) => container.SizeRw ?? 0);
  const free = sum(
    containers.filter((container) => !isActive(container)),
    (container) => container.SizeRw ?? 0,
  );
  const cacheSize = sum(cache, (record) => (record.Shared ? 0 : record.Size));
  return [
    {
      type: "Images",
      total: images.length,
      active: images.filter((image) => image.Containers > 0).length,
      size: LayersSize,
      reclaimable: LayersSize - used,
      share: true,
    },
    {
      type: "Containers",
      total: containers.length,
      active: containers.filter(isActive).length,
      size: whole,
      reclaimable: free,
      share: true,
    },
    {
      type: "Local Volumes",
      total: volumes.length,
      active: volumes.filter(isUsed).length,
      size: sum(volumes, size),
      reclaimable: sum(
        volumes.filter((volume) => !isUsed(volume)),
        size,
      ),
      share: true,
    },
    {
      type: "Build Cache",
      total: cache.length,
      active: cache.filter((record) => record.InUse).length,
      size: cacheSize,
      reclaimable: cacheSize - sum(cache, (record) => (record.InUse && !record.Shared ? record.Size : 0)),
      share: false,
    },
  ];
}

const CACHE_LIST: ListType<CacheRecord> = {
  name: "*formatter.buildCacheContext",
  columns: {
    ID: { header: "CACHE ID", value: (row) => row.ID.slice(0, 12) },
    CacheType: { header: "CACHE TYPE", value: (row) => row.Type },
    Size: { header: "SIZE", value: (row) => humanSize(row.Size, 3) },
    CreatedSince: { header: "CREATED", value: (row) => row.CreatedAt ?? "" },
    LastUsedSince: { header: "LAST USED", value: (row) => row.LastUsedAt ?? "" },
    UsageCount: { header: "USAGE", value: (row) => String(row.UsageCount ?? 0) },
    Shared: { header: "SHARED", value: (row) => String(row.Shared) },
  },
};

/** What `system df -v` prints: a table for each kind of thing. */
export async function detailedUsage(usage: DiskUsage): Promise<string> {
  const cacheSize = sum(usage.BuildCache ?? [], (record) => (record.Shared ? 0 : record.Size));
  const imageColumns = ["Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers"];
  const containerColumns = ["ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names"];
  const tables = [
    "Images space usage:\n\n",
    await formatList(
      imageList({ truncate: true }),
      (usage.Images ?? []).flatMap((image) => imageRows(image, false)),
      "",
      imageColumns,
    ),
    "\nContainers space usage:\n\n",
    await formatList(ownSizes, usage.Containers ?? [], "", containerColumns),
    "\nLocal Volumes space usage:\n\n",
    await formatList(VOLUME_LIST, usage.Volumes ?? [], "", ["Name", "Links", "Size"]),
    `\nBuild cache usage: ${humanSize(cacheSize)}\n\n`,
    await formatList(CACHE_LIST, usage.BuildCache ?? [], "", [
      "ID",
      "CacheType",
      "Size",
      "CreatedSince",
      "LastUsedSince",
      "UsageCount",
      "Shared",
    ]),
    ...(usage.DataRoot === undefined ? [] : [rootText(usage.DataRoot)]),
  ];
  return tables.join("");
}

/** What Docker does not tell: the whole, as du(1) would. */
function rootText({ Path: path, Total: total, Parts: parts }: DataRootUsage): string {
  const rows = [...parts.map(({ Name, Size }) => [Name, humanSize(Size)]), ["Total", humanSize(total)]];
  return `\nDisk usage of ${forTerminal(1, { lines: false })(path)}:\n\n${table(rows, ["WHAT", "SIZE"])}`;
}

/** Here a container's size is its own layer's alone. */
const ownSizes: ListType<ContainerSummary> = (() => {
  const type = containerList({ truncate: true });
  return {
    ...type,
    columns: {
      ...type.columns,
      Size: { header: "SIZE", value: (row: ContainerSummary) => humanSize(row.SizeRw ?? 0, 3) },
    },
  };
})();

/** `system df -v --format`: everything as one object. */
export async function verboseJson(usage: DiskUsage, format: string): Promise<string> {
  const rows = <T>(type: ListType<T>, items: readonly T[]) =>
    items.map((item) => JSON.parse(rowJson(type, item)) as unknown);
  const data = {
    Images: rows(
      imageList({ truncate: false }),
      (usage.Images ?? []).flatMap((image) => imageRows(image, false)),
    ),
    Containers: rows(containerList({ truncate: false }), usage.Containers ?? []),
    Volumes: rows(VOLUME_LIST, usage.Volumes ?? []),
    BuildCache: rows(CACHE_LIST, usage.BuildCache ?? []),
    ...(usage.DataRoot === undefined ? {} : { DataRoot: usage.DataRoot }),
  };
  if (format === "json") return `${goJson(data)}\n`;
  const { compile, execute } = await import("./template-list.ts");
  return `${execute(compile(format), data)}\n`;
}
