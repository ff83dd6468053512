import { between, command } from "../../core/command.ts";
import { writeConfigFile } from "../../core/write-config.ts";
import { eraseCredentials, INDEX_SERVER } from "./credentials.ts";
import { serverOf } from "./login.ts";

export const logout = command({
  usage: "[SERVER]",
  arity: between(0, 1),
  flags: {},
  async run(context, { args: [given] }) {
    const server = serverOf(given);
    const names = server === INDEX_SERVER ? [server] : [server, `https://${server}`, `http://${server}`];
    context.out.write(`Removing login credentials for ${server}\n`);
    let changed = false;
    for (const name of names) changed = (await eraseCredentials(context.config, name)) || changed;
    if (changed) writeConfigFile(context.configFolder, context.config);
    return 0;
  },
});
