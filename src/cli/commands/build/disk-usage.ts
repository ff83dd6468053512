import { humanDuration, humanSize } from "../../../lib/text/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, noArgs } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { checkBuilder } from "./builder-name.ts";

/** A record of GET /system/df's BuildCache. */
interface CacheRecord {
  readonly ID: string;
  readonly Parents?: readonly string[] | null;
  readonly Type: string;
  readonly Description?: string;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly Size: number;
  readonly CreatedAt?: string;
  readonly LastUsedAt?: string | null;
  readonly UsageCount?: number;
}

type Filters = ReadonlyMap<string, readonly string[]>;

const FILTERS: Record<string, (record: CacheRecord, value: string) => boolean> = {
  id: (record, value) => record.ID.startsWith(value),
  type: (record, value) => record.Type === value,
  inuse: (record, value) => String(record.InUse) === (value || "true"),
  shared: (record, value) => String(record.Shared) === (value || "true"),
  description: (record, value) => (record.Description ?? "").includes(value),
};

/** `buildx du`: what the build cache holds. */
export const diskUsage = command({
  usage: "[OPTIONS]",
  arity: noArgs,
  flags: {
    builder: flag.string("Override the configured builder instance"),
    filter: flag.filter("Provide filter values"),
    verbose: flag.bool("Provide a more verbose output"),
  },
  async run(context, { flags }) {
    checkBuilder(flags.builder);
    const usage = await context.client.json<{ BuildCache?: CacheRecord[] | null }>("GET", "/system/df", {
      query: { type: "build-cache" },
    });
    const records = select(usage.BuildCache ?? [], flags.filter);
    context.out.write((flags.verbose ? details(records) : table(records)) + summary(records));
    return 0;
  },
});

function select(records: readonly CacheRecord[], filters: Filters): CacheRecord[] {
  for (const name of filters.keys())
    if (!Object.hasOwn(FILTERS, name)) throw new CliError(`ERROR: invalid filter ${JSON.stringify(name)}`);
  return records.filter((record) =>
    [...filters].every(([name, values]) => values.some((value) => FILTERS[name]?.(record, value) ?? false)),
  );
}

const since = (text: string | null | undefined) =>
  text ? `${humanDuration(Math.max(0, Date.now() - Date.parse(text)))} ago` : "";

function table(records: readonly CacheRecord[]): string {
  if (records.length === 0) return "";
  const rows = records.map((record) => [
    record.ID.slice(0, 40),
    String(!record.InUse),
    humanSize(record.Size),
    since(record.LastUsedAt),
  ]);
  const all = [["ID", "RECLAIMABLE", "SIZE", "LAST ACCESSED"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column < 3 ? cell.padEnd((widths[column] ?? 0) + 3) : cell)).join("");
  return all.map((row) => `${line(row).trimEnd()}\n`).join("");
}

function details(records: readonly CacheRecord[]): string {
  const line = (name: string, value: string) => (value === "" ? "" : `${`${name}:`.padEnd(16)}${value}\n`);
  return records
    .map((record) =>
      [
        line("ID", record.ID),
        line("Parents", (record.Parents ?? []).join(", ")),
        line("Created at", record.CreatedAt ?? ""),
        line("Reclaimable", String(!record.InUse)),
        line("Shared", String(record.Shared)),
        line("Size", humanSize(record.Size)),
        line("Description", record.Description ?? ""),
        line("Usage count", String(record.UsageCount ?? 0)),
        line("Last used", since(record.LastUsedAt)),
        line("Type", record.Type),
        "\n",
      ].join(""),
    )
    .join("");
}

function summary(records: readonly CacheRecord[]): string {
  const sum = (wanted: (record: CacheRecord) => boolean) =>
    humanSize(records.filter(wanted).reduce((total, { Size }) => total + Size, 0));
  const shared = records.some(({ Shared }) => Shared);
  const lines = shared ? [`Shared:\t\t${sum((r) => r.Shared)}`, `Private:\t${sum((r) => !r.Shared)}`] : [];
  return [...lines, `Reclaimable:\t${sum((r) => !r.InUse)}`, `Total:\t\t${sum(() => true)}`, ""].join("\n");
}
