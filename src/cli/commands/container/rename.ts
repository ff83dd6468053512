import { apiPath } from "../../../api/client/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, exactly } from "../../core/command.ts";
import { errorText } from "../../core/error-text.ts";

export const rename = command({
  usage: "CONTAINER NEW_NAME",
  aliases: ["container rename", "rename"],
  arity: exactly(2),
  flags: {},
  async run(context, { args: [from = "", to = ""] }) {
    if (from.trim() === "" || to.trim() === "") throw new CliError("Error: Neither old nor new names may be empty");
    try {
      await context.client.call("POST", apiPath`/containers/${from.trim()}/rename`, { query: { name: to.trim() } });
    } catch (error) {
      throw new CliError(`${errorText(error, context)}\nError: failed to rename container named ${from}`);
    }
    return 0;
  },
});
