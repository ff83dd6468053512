import { encodeFilters } from "../../../api/client/index.ts";
import { shortId } from "../../../lib/text/index.ts";
import { command, noArgs } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { FORMAT_USAGE } from "../../format/format-flag.ts";
import { labelMethod, labelsText } from "../../format/label-method.ts";
import { formatList } from "../../format/list-format.ts";
import type { ListType } from "../../format/list-type.ts";
import { naturally } from "../../format/natural-order.ts";

interface NetworkSummary {
  Id: string;
  Name: string;
  Driver: string;
  Scope: string;
  Created: string;
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  Internal?: boolean;
  Labels?: Record<string, string> | null;
}

export const list = command({
  usage: "[OPTIONS]",
  aliases: ["network ls", "network list"],
  arity: noArgs,
  flags: {
    filter: flag.filter('Provide filter values (e.g. "driver=bridge")', { short: "f" }),
    format: flag.string(FORMAT_USAGE),
    "no-trunc": flag.bool("Do not truncate the output"),
    quiet: flag.bool("Only display network IDs", { short: "q" }),
  },
  async run(context, { flags }) {
    const networks = await context.client.json<NetworkSummary[]>("GET", "/networks", {
      query: { filters: encodeFilters(flags.filter) },
    });
    const rows = [...networks].sort((a, b) => naturally(a.Name, b.Name));
    const type = networkList(!flags["no-trunc"]);
    if (flags.quiet && flags.format === "") {
      context.out.write(rows.map((row) => `${type.columns.ID?.value(row)}\n`).join(""));
      return 0;
    }
    const format = flags.format || (context.config.networksFormat ?? "");
    context.out.write(await formatList(type, rows, format, ["ID", "Name", "Driver", "Scope"]));
    return 0;
  },
});

function networkList(truncate: boolean): ListType<NetworkSummary> {
  return {
    name: "*network.networkContext",
    columns: {
      ID: { header: "NETWORK ID", value: (row) => (truncate ? shortId(row.Id) : row.Id) },
      Name: { header: "NAME", value: (row) => row.Name },
      Driver: { header: "DRIVER", value: (row) => row.Driver },
      Scope: { header: "SCOPE", value: (row) => row.Scope },
      IPv4: { header: "IPV4", value: (row) => String(row.EnableIPv4 ?? false) },
      IPv6: { header: "IPV6", value: (row) => String(row.EnableIPv6 ?? false) },
      Internal: { header: "INTERNAL", value: (row) => String(row.Internal ?? false) },
      Labels: { header: "LABELS", value: (row) => labelsText(row.Labels) },
      CreatedAt: { header: "CREATED AT", value: (row) => row.Created.replace("T", " ").replace(/Z$/, " +0000 UTC") },
    },
    methods: { Label: labelMethod((row) => row.Labels) },
    raw: "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n",
  };
}
