import { apiPath } from "../../../api/client/index.ts";
import { atLeast, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { each } from "./each.ts";

export const restart = command({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  aliases: ["container restart", "restart"],
  arity: atLeast(1),
  flags: {
    signal: flag.string("Signal to send to the container", { short: "s" }),
    time: flag.int("Seconds to wait before killing the container", { hidden: true }),
    timeout: flag.int("Seconds to wait before killing the container", { short: "t" }),
  },
  async run(context, { flags, args, changed }) {
    const timeout = changed("timeout") ? flags.timeout : changed("time") ? flags.time : undefined;
    const query = { signal: flags.signal || undefined, t: timeout };
    return each(
      context,
      args,
      async (name) => {
        await context.client.call("POST", apiPath`/containers/${name}/restart`, { query });
        return undefined;
      },
      { parallel: 1 },
    );
  },
});
