import { CliError } from "../core/cli-error.ts";
import { type AnyCommand, command } from "../core/command.ts";

/** A verb of Docker's that is named and listed, and says that it is not there yet. */
export function notYet(words: string): AnyCommand {
  return command({
    usage: "",
    arity: { min: 0 },
    flags: {},
    interspersed: false,
    async run(context) {
      throw new CliError(
        `${context.program.command}: '${context.program.command} ${words}' is not there yet: this version of Berth does not have it`,
      );
    },
  });
}
