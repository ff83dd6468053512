import { apiPath } from "../../../api/client/index.ts";
import { command, exactly } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";

export const disconnect = command({
  usage: "[OPTIONS] NETWORK CONTAINER",
  arity: exactly(2),
  flags: { force: flag.bool("Force the container to disconnect from a network", { short: "f" }) },
  async run(context, { flags, args: [network = "", container = ""] }) {
    await context.client.call("POST", apiPath`/networks/${network}/disconnect`, {
      json: { Container: container, Force: flags.force },
    });
    return 0;
  },
});
