import { ContextStore } from "../../contexts/context-store.ts";
import { atLeast, command } from "../../core/command.ts";
import { contextName } from "../../core/endpoint.ts";
import * as flag from "../../core/flag.ts";
import { writeConfigFile } from "../../core/write-config.ts";

export const remove = command({
  usage: "CONTEXT [CONTEXT...]",
  aliases: ["context rm", "context remove"],
  arity: atLeast(1),
  flags: { force: flag.bool("Force the removal of a context in use", { short: "f" }) },
  async run(context, { flags, args }) {
    const store = new ContextStore(context.configFolder);
    const current = contextName(context.globals, context.env, () => context.config);
    const failures: string[] = [];
    for (const name of args) {
      const quoted = JSON.stringify(name);
      if (name === "default") failures.push(`context "default" cannot be removed`);
      else if (!flags.force && !store.has(name)) failures.push(`context ${quoted} does not exist`);
      else if (!flags.force && name === current)
        failures.push(`context ${quoted} is in use, set -f flag to force remove`);
      else {
        if (name === context.config.currentContext) {
          const { currentContext: _, ...rest } = context.config;
          writeConfigFile(context.configFolder, rest);
        }
        store.remove(name);
        context.out.write(`${name}\n`);
      }
    }
    if (failures.length > 0) context.err.write(`${failures.join("\n")}\n`);
    return failures.length > 0 ? 1 : 0;
  },
});
