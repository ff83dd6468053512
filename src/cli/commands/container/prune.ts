import { encodeFilters } from "../../../api/client/index.ts";
import { humanSize } from "../../../lib/text/index.ts";
import { command, noArgs } from "../../core/command.ts";
import { confirm } from "../../core/confirm.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { pruneFilters } from "../../core/prune-filters.ts";

const WARNING = "WARNING! This will remove all stopped containers.\nAre you sure you want to continue?";

export const prune = command({
  usage: "[OPTIONS]",
  arity: noArgs,
  flags: {
    filter: flag.filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: flag.bool("Do not prompt for confirmation", { short: "f" }),
  },
  async run(context, { flags }) {
    if (!flags.force) await confirm(context, WARNING);
    const { text, reclaimed } = await pruneContainers(context, pruneFilters(context, flags.filter));
    context.out.write(`${text}Total reclaimed space: ${humanSize(reclaimed)}\n`);
    return 0;
  },
});

/** Prunes, and gives what there is to print of it. */
export async function pruneContainers(context: Context, filters: ReadonlyMap<string, readonly string[]>) {
  const result = await context.client.json<{ ContainersDeleted: string[] | null; SpaceReclaimed: number }>(
    "POST",
    "/containers/prune",
    { query: { filters: encodeFilters(filters) } },
  );
  const deleted = result.ContainersDeleted ?? [];
  const text = deleted.length === 0 ? "" : `Deleted Containers:\n${deleted.map((id) => `${id}\n`).join("")}\n`;
  return { text, reclaimed: result.SpaceReclaimed };
}
