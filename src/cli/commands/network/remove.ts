import { apiPath } from "../../../api/client/index.ts";
import { atLeast, command } from "../../core/command.ts";
import { errorText } from "../../core/error-text.ts";
import * as flag from "../../core/flag.ts";

export const remove = command({
  usage: "NETWORK [NETWORK...]",
  aliases: ["network rm", "network remove"],
  arity: atLeast(1),
  flags: { force: flag.bool("Do not error if the network does not exist", { short: "f" }) },
  async run(context, { flags, args }) {
    let status = 0;
    for (const name of args)
      try {
        await context.client.call("DELETE", apiPath`/networks/${name}`);
        context.out.write(`${name}\n`);
      } catch (error) {
        const text = errorText(error, context);
        if (flags.force && / not found$/.test(text)) continue;
        context.err.write(`${text}\n`);
        status = 1;
      }
    return status;
  },
});
