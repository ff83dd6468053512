import { endpointFlags, endpointHelp, keyValues } from "../../contexts/context-flags.ts";
import { ContextStore, checkContextName } from "../../contexts/context-store.ts";
import { endpointConfig } from "../../contexts/endpoint-config.ts";
import { command, exactly } from "../../core/command.ts";

export const update = command({
  usage: "[OPTIONS] CONTEXT",
  examples: endpointHelp,
  arity: exactly(1),
  flags: endpointFlags,
  async run(context, { flags, args: [name = ""], changed }) {
    const store = new ContextStore(context.configFolder);
    checkContextName(name);
    const meta = store.read(name);
    const words = keyValues(flags.docker);
    const config = words.size === 0 ? undefined : endpointConfig(context, words);
    store.write(
      {
        ...meta,
        Metadata: changed("description") ? { ...meta.Metadata, Description: flags.description } : meta.Metadata,
        Endpoints: config === undefined ? meta.Endpoints : { ...meta.Endpoints, docker: config.endpoint },
      },
      config?.tls,
    );
    context.out.write(`${name}\n`);
    context.err.write(`Successfully updated context ${JSON.stringify(name)}\n`);
    return 0;
  },
});
