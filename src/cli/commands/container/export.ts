import { apiPath } from "../../../api/client/index.ts";
import { command, exactly } from "../../core/command.ts";
import { saveBody } from "../../core/file-output.ts";
import * as flag from "../../core/flag.ts";

export const exportContainer = command({
  usage: "[OPTIONS] CONTAINER",
  aliases: ["container export", "export"],
  arity: exactly(1),
  flags: { output: flag.string("Write to a file, instead of STDOUT", { short: "o" }) },
  async run(context, { flags, args: [name = ""] }) {
    await saveBody(context, flags.output, "export container", () =>
      context.client.request("GET", apiPath`/containers/${name}/export`),
    );
    return 0;
  },
});
