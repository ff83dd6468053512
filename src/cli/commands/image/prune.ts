import { encodeFilters } from "../../../api/client/index.ts";
import { humanSize } from "../../../lib/text/index.ts";
import type { ImagesPruneResponse } from "../../../spec/api/index.ts";
import { command, noArgs } from "../../core/command.ts";
import { confirm } from "../../core/confirm.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { pruneFilters } from "../../core/prune-filters.ts";
import { deletedText } from "./remove.ts";

const sure = "Are you sure you want to continue?";
const DANGLING = `WARNING! This will remove all dangling images.\n${sure}`;
const UNUSED = `WARNING! This will remove all images without at least one container associated to them.\n${sure}`;

export const prune = command({
  usage: "[OPTIONS]",
  arity: noArgs,
  flags: {
    all: flag.bool("Remove all unused images, not just dangling ones", { short: "a" }),
    filter: flag.filter('Provide filter values (e.g. "until=<timestamp>")'),
    force: flag.bool("Do not prompt for confirmation", { short: "f" }),
  },
  async run(context, { flags }) {
    if (!flags.force) await confirm(context, flags.all ? UNUSED : DANGLING);
    const { text, reclaimed } = await pruneImages(context, flags.all, pruneFilters(context, flags.filter));
    context.out.write(`${text}Total reclaimed space: ${humanSize(reclaimed)}\n`);
    return 0;
  },
});

/** Prunes, and gives what there is to print of it. */
export async function pruneImages(context: Context, all: boolean, filters: ReadonlyMap<string, readonly string[]>) {
  const withDangling = new Map(filters).set("dangling", [String(!all)]);
  const result = await context.client.json<ImagesPruneResponse>("POST", "/images/prune", {
    query: { filters: encodeFilters(withDangling) },
  });
  const deleted = result.ImagesDeleted ?? [];
  const text =
    deleted.length === 0
      ? ""
      : `Deleted Images:\n${deletedText(deleted)
          .toLowerCase()
          .replace(/^(\w+): (.*)$/gm, "$1: $2")}\n`;
  return { text, reclaimed: result.SpaceReclaimed };
}
