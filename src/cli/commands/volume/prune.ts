import { encodeFilters } from "../../../api/client/index.ts";
import { humanSize } from "../../../lib/text/index.ts";
import type { VolumesPruneResponse } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, noArgs } from "../../core/command.ts";
import { confirm } from "../../core/confirm.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { pruneFilters } from "../../core/prune-filters.ts";

const warning = (which: string) =>
  `WARNING! This will remove ${which} local volumes not used by at least one container.\nAre you sure you want to continue?`;

export const prune = command({
  usage: "[OPTIONS]",
  arity: noArgs,
  flags: {
    all: flag.bool("Remove all unused volumes, not just anonymous ones", { short: "a" }),
    filter: flag.filter('Provide filter values (e.g. "label=<label>")'),
    force: flag.bool("Do not prompt for confirmation", { short: "f" }),
  },
  async run(context, { flags }) {
    const filters = new Map(pruneFilters(context, flags.filter));
    if (flags.all) {
      if (filters.has("all")) throw new CliError("conflicting options: cannot specify both --all and --filter all=1");
      filters.set("all", ["true"]);
    }
    if (!flags.force) await confirm(context, warning(flags.all ? "all" : "anonymous"));
    const { text, reclaimed } = await pruneVolumes(context, filters);
    context.out.write(`${text}Total reclaimed space: ${humanSize(reclaimed)}\n`);
    return 0;
  },
});

/** Prunes, and gives what there is to print of it. */
export async function pruneVolumes(context: Context, filters: ReadonlyMap<string, readonly string[]>) {
  const result = await context.client.json<VolumesPruneResponse>("POST", "/volumes/prune", {
    query: { filters: encodeFilters(filters) },
  });
  const deleted = result.VolumesDeleted ?? [];
  const text = deleted.length === 0 ? "" : `Deleted Volumes:\n${deleted.map((name) => `${name}\n`).join("")}\n`;
  return { text, reclaimed: result.SpaceReclaimed };
}
