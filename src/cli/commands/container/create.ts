import { CliError } from "../../core/cli-error.ts";
import { atLeast, command } from "../../core/command.ts";
import { errorText } from "../../core/error-text.ts";
import { CONTAINER_FLAGS } from "../../run-options/container-flags.ts";
import { createBody } from "../../run-options/create-body.ts";
import { proxyVariables } from "../../run-options/proxies.ts";
import { checkPull, createContainer } from "./create-container.ts";

export const create = command({
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  aliases: ["container create", "create"],
  arity: atLeast(1),
  flags: CONTAINER_FLAGS,
  interspersed: false,
  async run(context, { flags, args: [image = "", ...rest], changed }) {
    let body: ReturnType<typeof createBody>;
    try {
      checkPull(flags);
      const extraEnv = proxyVariables(context.config, context.chosen.endpoint.text, flags.env);
      body = createBody({ flags, changed, image, command: rest, extraEnv });
    } catch (error) {
      const help = `\n\nRun '${context.commandPath} --help' for more information`;
      throw new CliError(`${context.program.command}: ${errorText(error, context)}${help}`, 125);
    }
    const { Id } = await createContainer(context, flags, body);
    context.out.write(`${Id}\n`);
    return 0;
  },
});
