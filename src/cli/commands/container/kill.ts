import { apiPath } from "../../../api/client/index.ts";
import { atLeast, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { each } from "./each.ts";

export const kill = command({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  aliases: ["container kill", "kill"],
  arity: atLeast(1),
  flags: { signal: flag.string("Signal to send to the container", { short: "s" }) },
  run: (context, { flags, args }) =>
    each(context, args, async (name) => {
      await context.client.call("POST", apiPath`/containers/${name}/kill`, {
        query: { signal: flags.signal || undefined },
      });
      return undefined;
    }),
});
