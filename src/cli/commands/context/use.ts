import { ContextStore, checkContextName } from "../../contexts/context-store.ts";
import { command, exactly } from "../../core/command.ts";
import { writeConfigFile } from "../../core/write-config.ts";

export const use = command({
  usage: "CONTEXT",
  arity: exactly(1),
  flags: {},
  async run(context, { args: [name = ""] }) {
    if (name !== "default") {
      checkContextName(name);
      new ContextStore(context.configFolder).read(name);
    }
    const { currentContext, ...rest } = context.config;
    const before = currentContext ?? "default";
    if (before !== name)
      writeConfigFile(context.configFolder, name === "default" ? rest : { ...rest, currentContext: name });
    context.out.write(`${name}\n`);
    context.err.write(`Current context is now ${JSON.stringify(name)}\n`);
    const variable = ["BERTH_HOST", "DOCKER_HOST"].find((each) => context.env[each]);
    if (name !== "default" && variable !== undefined)
      context.err.write(
        `Warning: ${variable} environment variable overrides the active context. To use ${JSON.stringify(name)}, either set the global --context flag, or unset ${variable} environment variable.\n`,
      );
    return 0;
  },
});
