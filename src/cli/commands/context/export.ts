import { writeFileSync } from "node:fs";
import { packContext } from "../../contexts/context-archive.ts";
import { ContextStore, checkContextName } from "../../contexts/context-store.ts";
import { CliError } from "../../core/cli-error.ts";
import { between, command } from "../../core/command.ts";

export const exportContext = command({
  usage: "[OPTIONS] CONTEXT [FILE|-]",
  arity: between(1, 2),
  flags: {},
  async run(context, { args: [name = "", file = `${name}.dockercontext`] }) {
    checkContextName(name);
    const store = new ContextStore(context.configFolder);
    const archive = packContext(store.read(name), store.tls(name));
    if (file === "-") {
      const { isTerminal } = await import("../../terminal/terminal.ts");
      if (isTerminal(1)) throw new CliError("cowardly refusing to export to a terminal, specify a file path");
      context.out.write(archive);
      return 0;
    }
    try {
      writeFileSync(file, archive, { flag: "wx", mode: 0o600 });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new CliError(code === "EEXIST" ? `open ${file}: file exists` : message);
    }
    context.err.write(`Written file ${JSON.stringify(file)}\n`);
    return 0;
  },
});
