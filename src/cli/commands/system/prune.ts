import { ApiError, encodeFilters } from "../../../api/client/index.ts";
import { humanSize } from "../../../lib/text/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, noArgs } from "../../core/command.ts";
import { confirm } from "../../core/confirm.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { pruneFilters } from "../../core/prune-filters.ts";
import { pruneContainers } from "../container/prune.ts";
import { pruneImages } from "../image/prune.ts";
import { pruneVolumes } from "../volume/prune.ts";

type Filters = ReadonlyMap<string, readonly string[]>;

export const prune = command({
  usage: "[OPTIONS]",
  arity: noArgs,
  flags: {
    all: flag.bool("Remove all unused images not just dangling ones", { short: "a" }),
    filter: flag.filter('Provide filter values (e.g. "label=<key>=<value>")'),
    force: flag.bool("Do not prompt for confirmation", { short: "f" }),
    volumes: flag.bool("Prune anonymous volumes"),
  },
  async run(context, { flags }) {
    if (flags.volumes && flags.filter.has("until"))
      throw new CliError('ERROR: The "until" filter is not supported with "--volumes"');
    const filters = pruneFilters(context, flags.filter);
    if (!flags.force) await confirm(context, warning(flags, filters));
    const steps = [
      () => pruneContainers(context, filters),
      () => pruneNetworks(context, filters),
      ...(flags.volumes ? [() => pruneVolumes(context, filters)] : []),
      () => pruneImages(context, flags.all, filters),
      () => pruneBuildCache(context, flags.all, filters),
    ];
    let total = 0;
    for (const step of steps) {
      const { text, reclaimed } = await unlessAbsent(step);
      context.out.write(text);
      total += reclaimed;
    }
    context.out.write(`Total reclaimed space: ${humanSize(total)}\n`);
    return 0;
  },
});

function warning({ all, volumes }: { all: boolean; volumes: boolean }, filters: Filters): string {
  const items = [
    "all stopped containers",
    "all networks not used by at least one container",
    ...(volumes ? ["all anonymous volumes not used by at least one container"] : []),
    all ? "all images without at least one container associated to them" : "all dangling images",
    all ? "all build cache" : "unused build cache",
  ];
  const shown = [...filters].flatMap(([name, values]) => values.map((value) => `${name}=${value}`));
  const filterText =
    shown.length === 0
      ? ""
      : `\n  Items to be pruned will be filtered with:\n${shown.map((text) => `  - ${text}\n`).join("")}`;
  return `WARNING! This will remove:\n${items.map((item) => `  - ${item}\n`).join("")}${filterText}\nAre you sure you want to continue?`;
}

interface Pruned {
  text: string;
  reclaimed: number;
}

/** A daemon without that kind of object has none of it to remove. */
async function unlessAbsent(step: () => Promise<Pruned>): Promise<Pruned> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof ApiError && error.status === 501) return { text: "", reclaimed: 0 };
    throw error;
  }
}

async function pruneNetworks(context: Context, filters: Filters): Promise<Pruned> {
  const result = await context.client.json<{ NetworksDeleted: string[] | null }>("POST", "/networks/prune", {
    query: { filters: encodeFilters(filters) },
  });
  const deleted = result.NetworksDeleted ?? [];
  const text = deleted.length === 0 ? "" : `Deleted Networks:\n${deleted.map((name) => `${name}\n`).join("")}\n`;
  return { text, reclaimed: 0 };
}

async function pruneBuildCache(context: Context, all: boolean, filters: Filters): Promise<Pruned> {
  const result = await context.client.json<{ CachesDeleted?: string[] | null; SpaceReclaimed?: number }>(
    "POST",
    "/build/prune",
    {
      query: { all, filters: encodeFilters(filters) },
    },
  );
  const deleted = result.CachesDeleted ?? [];
  const text = deleted.length === 0 ? "" : `Deleted build cache objects:\n${deleted.map((id) => `${id}\n`).join("")}\n`;
  return { text, reclaimed: result.SpaceReclaimed ?? 0 };
}
