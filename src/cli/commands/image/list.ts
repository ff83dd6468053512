import { encodeFilters } from "../../../api/client/index.ts";
import type { ImageSummary } from "../../../spec/api/index.ts";
import { between, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { FORMAT_USAGE } from "../../format/format-flag.ts";
import { imageList, imageRows } from "../../format/image-list.ts";
import { formatList } from "../../format/list-format.ts";

export const list = command({
  usage: "[OPTIONS] [REPOSITORY[:TAG]]",
  aliases: ["image ls", "image list", "images"],
  arity: between(0, 1),
  flags: {
    all: flag.bool("Show all images (default hides intermediate images)", { short: "a" }),
    digests: flag.bool("Show digests"),
    filter: flag.filter("Filter output based on conditions provided", { short: "f" }),
    format: flag.string(FORMAT_USAGE),
    "no-trunc": flag.bool("Don't truncate output"),
    quiet: flag.bool("Only show image IDs", { short: "q" }),
    tree: flag.refused("bool", "the tree of a multi-platform image's parts is not there yet"),
  },
  async run(context, { flags, args: [name] }) {
    const filters = new Map(flags.filter);
    if (name !== undefined && name !== "") filters.set("reference", [...(filters.get("reference") ?? []), name]);
    const images = await context.client.json<ImageSummary[]>("GET", "/images/json", {
      query: { all: flags.all, filters: encodeFilters(filters) },
    });
    const type = imageList({ truncate: !flags["no-trunc"] });
    const format = flags.format || (flags.quiet ? "" : (context.config.imagesFormat ?? ""));
    const digests = flags.digests || /\{\{[^}]*\.Digest\b/.test(format);
    const rows = images.flatMap((image) => imageRows(image, digests));
    if (flags.quiet && flags.format === "") {
      context.out.write(rows.map((row) => `${type.columns.ID?.value(row)}\n`).join(""));
      return 0;
    }
    const columns = ["Repository", "Tag", ...(flags.digests ? ["Digest"] : []), "ID", "CreatedSince", "Size"];
    context.out.write(await formatList(type, rows, format, columns));
    return 0;
  },
});
