import { encodeFilters } from "../../../api/client/index.ts";
import type { ContainerSummary } from "../../../spec/api/index.ts";
import { command, noArgs } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { containerList } from "../../format/container-list.ts";
import { FORMAT_USAGE } from "../../format/format-flag.ts";
import { formatList } from "../../format/list-format.ts";

const COLUMNS = ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names"];

export const list = command({
  usage: "[OPTIONS]",
  aliases: ["container ls", "container list", "container ps", "ps"],
  arity: noArgs,
  flags: {
    all: flag.bool("Show all containers (default shows just running)", { short: "a" }),
    filter: flag.filter("Filter output based on conditions provided", { short: "f" }),
    format: flag.string(FORMAT_USAGE),
    last: flag.int("Show n last created containers (includes all states)", { short: "n", initial: -1 }),
    latest: flag.bool("Show the latest created container (includes all states)", { short: "l" }),
    "no-trunc": flag.bool("Don't truncate output"),
    quiet: flag.bool("Only display container IDs", { short: "q" }),
    size: flag.bool("Display total file sizes", { short: "s" }),
  },
  async run(context, { flags }) {
    const format = flags.format || (flags.quiet ? "" : (context.config.psFormat ?? ""));
    const last = flags.latest && flags.last === -1 ? 1 : flags.last;
    const rows = await context.client.json<ContainerSummary[]>("GET", "/containers/json", {
      query: {
        all: flags.all,
        limit: last > 0 ? last : undefined,
        size: flags.size || /\{\{[^}]*(?:\.Size\b|json \.\s*\}\})/.test(format),
        filters: encodeFilters(flags.filter),
      },
    });
    const type = containerList({ truncate: !flags["no-trunc"] });
    if (flags.quiet && flags.format === "") {
      context.out.write(rows.map((row) => `${type.columns.ID?.value(row)}\n`).join(""));
      return 0;
    }
    const columns = flags.size ? [...COLUMNS, "Size"] : COLUMNS;
    context.out.write(await formatList(type, rows, format, columns));
    return 0;
  },
});
