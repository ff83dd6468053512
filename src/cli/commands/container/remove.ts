import { ApiError, apiPath } from "../../../api/client/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { atLeast, command } from "../../core/command.ts";
import { errorText } from "../../core/error-text.ts";
import * as flag from "../../core/flag.ts";
import { each } from "./each.ts";

export const remove = command({
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  aliases: ["container rm", "container remove", "rm"],
  arity: atLeast(1),
  flags: {
    force: flag.bool("Force the removal of a running container (uses SIGKILL)", { short: "f" }),
    link: flag.bool("Remove the specified link", { short: "l" }),
    volumes: flag.bool("Remove anonymous volumes associated with the container", { short: "v" }),
  },
  async run(context, { flags, args }) {
    return each(context, args, async (given) => {
      const name = given.replace(/^\/+|\/+$/g, "");
      if (name === "") throw new CliError("container name cannot be empty");
      const query = { force: flags.force, link: flags.link, v: flags.volumes };
      try {
        await context.client.call("DELETE", apiPath`/containers/${name}`, { query });
      } catch (error) {
        if (!flags.force || !(error instanceof ApiError) || error.status !== 404) throw error;
        context.err.write(`${errorText(error, context)}\n`);
        return "";
      }
      return name;
    });
  },
});
