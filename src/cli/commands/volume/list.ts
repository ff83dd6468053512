import { encodeFilters } from "../../../api/client/index.ts";
import type { Volume, VolumeListResponse } from "../../../spec/api/index.ts";
import { command, noArgs } from "../../core/command.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { FORMAT_USAGE } from "../../format/format-flag.ts";
import { formatList } from "../../format/list-format.ts";
import { naturally } from "../../format/natural-order.ts";
import { VOLUME_LIST } from "../../format/volume-list.ts";

export const list = command({
  usage: "[OPTIONS]",
  aliases: ["volume ls", "volume list"],
  arity: noArgs,
  flags: {
    cluster: flag.refused("bool", "cluster volumes belong to swarm mode, which Berth does not have"),
    filter: flag.filter('Provide filter values (e.g. "dangling=true")', { short: "f" }),
    format: flag.string(FORMAT_USAGE),
    size: flag.bool("Display the volumes' sizes", { short: "s" }),
    quiet: flag.bool("Only display volume names", { short: "q" }),
  },
  async run(context, { flags }) {
    const { Volumes } = await context.client.json<VolumeListResponse>("GET", "/volumes", {
      query: { filters: encodeFilters(flags.filter) },
    });
    const sized = flags.size ? await withSizes(context, Volumes ?? []) : (Volumes ?? []);
    const rows = [...sized].sort((a, b) => naturally(a.Name, b.Name));
    if (flags.quiet && flags.format === "") {
      context.out.write(rows.map((row) => `${row.Name}\n`).join(""));
      return 0;
    }
    const format = flags.format || (context.config.volumesFormat ?? "");
    context.out.write(
      await formatList(VOLUME_LIST, rows, format, flags.size ? ["Driver", "Name", "Size"] : ["Driver", "Name"]),
    );
    return 0;
  },
});

/** The sizes are what `system df` counts, which takes a walk through every volume. */
async function withSizes(context: Context, volumes: readonly Volume[]): Promise<Volume[]> {
  const usage = await context.client.json<{ Volumes: Volume[] | null }>("GET", "/system/df", {
    query: { type: "volume" },
  });
  const found = new Map((usage.Volumes ?? []).map((volume) => [volume.Name, volume.UsageData]));
  return volumes.map((volume) => {
    const data = found.get(volume.Name);
    return data === undefined ? volume : { ...volume, UsageData: data };
  });
}
