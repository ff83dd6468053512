import { apiPath } from "../../../api/client/index.ts";
import { alignTabs } from "../../../lib/text/index.ts";
import { atLeast, command } from "../../core/command.ts";

export const top = command({
  usage: "CONTAINER [ps OPTIONS]",
  aliases: ["container top", "top"],
  arity: atLeast(1),
  flags: {},
  interspersed: false,
  async run(context, { args: [name = "", ...options] }) {
    const { Titles, Processes } = await context.client.json<{ Titles: string[]; Processes: string[][] | null }>(
      "GET",
      apiPath`/containers/${name}/top`,
      { query: { ps_args: options.length === 0 ? undefined : options.join(" ") } },
    );
    const lines = [Titles, ...(Processes ?? [])].map((cells) => cells.join("\t"));
    context.out.write(`${alignTabs(lines.join("\n"), { minWidth: 20, padding: 3 })}\n`);
    return 0;
  },
});
