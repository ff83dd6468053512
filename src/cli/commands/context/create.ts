import { endpointFlags, endpointHelp, keyValues } from "../../contexts/context-flags.ts";
import { ContextStore, checkContextName } from "../../contexts/context-store.ts";
import { endpointConfig, existingConfig } from "../../contexts/endpoint-config.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, exactly } from "../../core/command.ts";
import { contextName } from "../../core/endpoint.ts";
import * as flag from "../../core/flag.ts";

export const create = command({
  usage: "[OPTIONS] CONTEXT",
  examples: endpointHelp,
  arity: exactly(1),
  flags: { ...endpointFlags, from: flag.string("create context from a named context") },
  async run(context, { flags, args: [name = ""] }) {
    const store = new ContextStore(context.configFolder);
    checkContextName(name);
    if (store.has(name)) throw new CliError(`context ${JSON.stringify(name)} already exists`);
    const words = keyValues(flags.docker);
    if (flags.from !== "" && words.size > 0) throw new CliError("cannot use --docker flag when --from is set");
    const source = flags.from || contextName(context.globals, context.env, () => context.config);
    const { endpoint, tls } = words.size > 0 ? endpointConfig(context, words) : existingConfig(context, source);
    const copied = words.size === 0 && source !== "default" ? store.read(source).Metadata : {};
    const described = words.size === 0 && source === "default" ? { Description: DEFAULT_DESCRIPTION } : copied;
    const metadata = flags.description === "" ? described : { ...described, Description: flags.description };
    store.write({ Name: name, Metadata: metadata, Endpoints: { docker: endpoint } }, tls);
    context.out.write(`${name}\n`);
    context.err.write(`Successfully created context ${JSON.stringify(name)}\n`);
    return 0;
  },
});

const DEFAULT_DESCRIPTION = "Current DOCKER_HOST based configuration";
