import { atLeast, command } from "../../core/command.ts";
import { saveBody } from "../../core/file-output.ts";
import * as flag from "../../core/flag.ts";
import { platformJson } from "./platform-json.ts";

export const save = command({
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  aliases: ["image save", "save"],
  arity: atLeast(1),
  flags: {
    output: flag.string("Write to a file, instead of STDOUT", { short: "o" }),
    platform: flag.string(
      'Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    ),
  },
  async run(context, { flags, args }) {
    const query = { names: args, platform: platformJson(flags.platform) };
    await saveBody(context, flags.output, "save image", () => context.client.request("GET", "/images/get", { query }));
    return 0;
  },
});
