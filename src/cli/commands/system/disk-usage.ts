import { command, noArgs } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { type DiskUsage, detailedUsage, usageList, usageRows, verboseJson } from "../../format/disk-usage.ts";
import { FORMAT_USAGE } from "../../format/format-flag.ts";
import { formatList } from "../../format/list-format.ts";

export const diskUsage = command({
  usage: "[OPTIONS]",
  arity: noArgs,
  flags: {
    format: flag.string(FORMAT_USAGE),
    verbose: flag.bool("Show detailed information on space usage", { short: "v" }),
  },
  async run(context, { flags }) {
    const usage = await context.client.json<DiskUsage>("GET", "/system/df", {
      query: { total: flags.verbose },
    });
    if (!flags.verbose) {
      const columns = ["Type", "TotalCount", "Active", "Size", "Reclaimable"];
      context.out.write(await formatList(usageList, usageRows(usage), flags.format, columns));
    } else if (flags.format === "" || flags.format === "table") context.out.write(await detailedUsage(usage));
    else context.out.write(await verboseJson(usage, flags.format));
    return 0;
  },
});
