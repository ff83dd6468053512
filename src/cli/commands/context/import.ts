import { readArchive, unpackContext } from "../../contexts/context-archive.ts";
import { ContextStore, checkContextName } from "../../contexts/context-store.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, exactly } from "../../core/command.ts";

export const importContext = command({
  usage: "CONTEXT FILE|-",
  arity: exactly(2),
  flags: {},
  async run(context, { args: [name = "", file = ""] }) {
    checkContextName(name);
    const store = new ContextStore(context.configFolder);
    if (store.has(name)) throw new CliError(`context ${JSON.stringify(name)} already exists`);
    const { meta, tls } = await unpackContext(readArchive(file));
    store.write({ ...meta, Name: name }, tls);
    context.out.write(`${name}\n`);
    context.err.write(`Successfully imported context ${JSON.stringify(name)}\n`);
    return 0;
  },
});
