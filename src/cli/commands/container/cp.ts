import { isatty } from "node:tty";
import { copyFromContainer } from "../../copy/from-container.ts";
import { splitArgument } from "../../copy/paths.ts";
import { copyToContainer } from "../../copy/to-container.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, exactly } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";

export const cp = command({
  usage: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdocker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
  aliases: ["container cp", "cp"],
  arity: exactly(2),
  flags: {
    archive: flag.bool("Archive mode (copy all uid/gid information)", { short: "a" }),
    "follow-link": flag.bool("Always follow symbol link in SRC_PATH", { short: "L" }),
    quiet: flag.bool(
      "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached",
      { short: "q" },
    ),
  },
  async run(context, { flags, args: [from = "", to = ""], changed }) {
    if (from === "") throw new CliError("source can not be empty");
    if (to === "") throw new CliError("destination can not be empty");
    const source = splitArgument(from);
    const destination = splitArgument(to);
    const options = {
      source: source.path,
      destination: destination.path,
      container: source.container || destination.container,
      followLink: flags["follow-link"],
      copyOwner: flags.archive,
      quiet: changed("quiet") ? flags.quiet : !isatty(1),
    };
    if (source.container !== "" && destination.container !== "")
      throw new CliError("copying between containers is not supported");
    if (source.container !== "") await copyFromContainer(context, options);
    else if (destination.container !== "") await copyToContainer(context, options);
    else throw new CliError("must specify at least one container source");
    return 0;
  },
});
