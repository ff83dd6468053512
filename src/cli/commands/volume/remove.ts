import { apiPath } from "../../../api/client/index.ts";
import { atLeast, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { each } from "../container/each.ts";

export const remove = command({
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  aliases: ["volume rm", "volume remove"],
  arity: atLeast(1),
  flags: { force: flag.bool("Force the removal of one or more volumes", { short: "f" }) },
  run: (context, { flags, args }) =>
    each(
      context,
      args,
      async (name) => {
        await context.client.call("DELETE", apiPath`/volumes/${name}`, { query: { force: flags.force } });
        return undefined;
      },
      { parallel: 1 },
    ),
});
