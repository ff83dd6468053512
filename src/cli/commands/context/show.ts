import { command, noArgs } from "../../core/command.ts";
import { contextName } from "../../core/endpoint.ts";

export const show = command({
  usage: "",
  arity: noArgs,
  flags: {},
  async run(context) {
    context.out.write(`${contextName(context.globals, context.env, () => context.config)}\n`);
    return 0;
  },
});
