import { humanDuration, humanSize } from "../../../lib/text/index.ts";
import type { BuildCacheRecord } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, noArgs } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { checkBuilder } from "./builder-name.ts";

type Filters = ReadonlyMap<string, readonly string[]>;

const FILTERS: Record<string, (record: BuildCacheRecord, value: string) => boolean> = {
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
    const usage = await context.client.json<{ BuildCache?: BuildCacheRecord[] | null }>("GET", "/system/df", {
      query: { type: "build-cache" },
    });
    const records = select(usage.BuildCache ?? [], flags.filter);
    context.out.write((flags.verbose ? details(records) : table(records)) + summary(records));
    return 0;
  },
});

function select(records: readonly BuildCacheRecord[], filters: Filters): BuildCacheRecord[] {
  for (const name of filters.keys())
    if (!Object.hasOwn(FILTERS, name)) throw new CliError(`ERROR: invalid filter ${JSON.stringify(name)}`);
  return records.filter((record) =>
    [...filters].every(([name, values]) => values.some((value) => FILTERS[name]?.(record, value) ?? false)),
  );
}

const since = (text: string | null | undefined) =>
  text ? `${humanDuration(Math.max(0, Date.now() - Date.parse(text)))} ago` : "";

function table(records: readonly BuildCacheRecord[]): string {
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

function details(records: readonly BuildCacheRecord[]): string {
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

function summary(records: readonly BuildCacheRecord[]): string {
  const sum = (wanted: (record: BuildCacheRecord) => boolean) =>
    humanSize(records.filter(wanted).reduce((total, { Size }) => total + Size, 0));
  const shared = records.some(({ Shared }) => Shared);
  const lines = shared ? [`Shared:\t\t${sum((r) => r.Shared)}`, `Private:\t${sum((r) => !r.Shared)}`] : [];
  return [...lines, `Reclaimable:\t${sum((r) => !r.InUse)}`, `Total:\t\t${sum(() => true)}`, ""].join("\n");
}
