import { ellipsis, humanSize, shortId } from "../../../lib/text/index.ts";
import type { ImageHistoryItem } from "../../../spec/api/index.ts";
import { command, exactly } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { FORMAT_USAGE } from "../../format/format-flag.ts";
import { createdSince } from "../../format/image-list.ts";
import { formatList } from "../../format/list-format.ts";
import type { ListType } from "../../format/list-type.ts";
import { rfc3339Local } from "../../format/local-time.ts";
import { imagePath } from "./image-path.ts";
import { platformJson } from "./platform-json.ts";

export const history = command({
  usage: "[OPTIONS] IMAGE",
  aliases: ["image history", "history"],
  arity: exactly(1),
  flags: {
    format: flag.string(FORMAT_USAGE),
    human: flag.bool("Print sizes and dates in human readable format", { short: "H", initial: true }),
    "no-trunc": flag.bool("Don't truncate output"),
    platform: flag.string(
      'Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    ),
    quiet: flag.bool("Only show image IDs", { short: "q" }),
  },
  async run(context, { flags, args: [name = ""] }) {
    const items = await context.client.json<ImageHistoryItem[]>("GET", `${imagePath(name)}/history`, {
      query: { platform: platformJson(flags.platform) },
    });
    const type = historyList({ truncate: !flags["no-trunc"], human: flags.human });
    if (flags.quiet && flags.format === "") {
      context.out.write(items.map((item) => `${type.columns.ID?.value(item)}\n`).join(""));
      return 0;
    }
    const columns = ["ID", flags.human ? "CreatedSince" : "CreatedAt", "CreatedBy", "Size", "Comment"];
    context.out.write(await formatList(type, items, flags.format, columns));
    return 0;
  },
});

function historyList({ truncate, human }: { truncate: boolean; human: boolean }): ListType<ImageHistoryItem> {
  return {
    name: "*formatter.historyContext",
    columns: {
      ID: { header: "IMAGE", value: (item) => (truncate ? shortId(item.Id) : item.Id) },
      CreatedAt: { header: "CREATED AT", value: (item) => rfc3339Local(item.Created) },
      CreatedSince: {
        header: "CREATED",
        value: (item) => (human ? createdSince(item.Created) : rfc3339Local(item.Created)),
      },
      CreatedBy: { header: "CREATED BY", value: (item) => createdBy(item.CreatedBy, truncate) },
      Size: { header: "SIZE", value: (item) => (human ? humanSize(item.Size, 3) : String(item.Size)) },
      Comment: { header: "COMMENT", value: (item) => item.Comment },
    },
  };
}

function createdBy(text: string, truncate: boolean): string {
  const plain = text.replaceAll("\t", " ");
  return truncate ? ellipsis(plain, 45) : plain;
}
