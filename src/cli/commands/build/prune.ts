import { encodeFilters } from "../../../api/client/index.ts";
import { humanSize } from "../../../lib/text/index.ts";
import type { BuildPruneResponse } from "../../../spec/api/index.ts";
import { command, noArgs } from "../../core/command.ts";
import { confirm } from "../../core/confirm.ts";
import * as flag from "../../core/flag.ts";
import { pruneFilters } from "../../core/prune-filters.ts";
import { checkBuilder } from "./builder-name.ts";

const sure = "Are you sure you want to continue?";
const DANGLING = `WARNING! This will remove all dangling build cache. ${sure}`;
const ALL = `WARNING! This will remove all build cache. ${sure}`;

/** `builder prune` and `buildx prune`. */
export const prune = command({
  usage: "[OPTIONS]",
  aliases: ["builder prune", "buildx prune"],
  arity: noArgs,
  flags: {
    all: flag.bool("Remove all unused build cache, not just dangling ones", { short: "a" }),
    builder: flag.string("Override the configured builder instance"),
    filter: flag.filter('Provide filter values (e.g., "until=24h")'),
    force: flag.bool("Do not prompt for confirmation", { short: "f" }),
    "keep-storage": flag.bytes("Amount of disk space to keep for cache"),
    verbose: flag.bool("Provide a more verbose output"),
  },
  async run(context, { flags }) {
    checkBuilder(flags.builder);
    if (!flags.force) await confirm(context, flags.all ? ALL : DANGLING);
    const keep = flags["keep-storage"];
    const result = await context.client.json<BuildPruneResponse>("POST", "/build/prune", {
      query: {
        all: flags.all,
        "keep-storage": keep === 0 ? undefined : keep,
        filters: encodeFilters(pruneFilters(context, flags.filter)),
      },
    });
    const ids = result.CachesDeleted ?? [];
    if (ids.length > 0) context.out.write(`Deleted build cache objects:\n${ids.map((id) => `${id}\n`).join("")}\n`);
    context.out.write(`Total reclaimed space: ${humanSize(result.SpaceReclaimed ?? 0)}\n`);
    return 0;
  },
});
