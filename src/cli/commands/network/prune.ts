import { encodeFilters } from "../../../api/client/index.ts";
import type { NetworksPruneResponse } from "../../../spec/api/index.ts";
import { command, noArgs } from "../../core/command.ts";
import { confirm } from "../../core/confirm.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { pruneFilters } from "../../core/prune-filters.ts";

const warning =
  "WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue?";

export const prune = command({
  usage: "[OPTIONS]",
  arity: noArgs,
  flags: {
    filter: flag.filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: flag.bool("Do not prompt for confirmation", { short: "f" }),
  },
  async run(context, { flags }) {
    if (!flags.force) await confirm(context, warning);
    context.out.write(await pruneNetworks(context, pruneFilters(context, flags.filter)));
    return 0;
  },
});

/** Prunes, and gives what there is to print of it. */
async function pruneNetworks(context: Context, filters: ReadonlyMap<string, readonly string[]>): Promise<string> {
  const result = await context.client.json<NetworksPruneResponse>("POST", "/networks/prune", {
    query: { filters: encodeFilters(filters) },
  });
  const deleted = result.NetworksDeleted ?? [];
  return deleted.length === 0 ? "" : `Deleted Networks:\n${deleted.map((name) => `${name}\n`).join("")}\n`;
}
