import { CliError } from "../../core/cli-error.ts";
import { clientVersion } from "../../core/client-version.ts";
import { command, noArgs } from "../../core/command.ts";
import { type Context, unreachable } from "../../core/context.ts";
import { errorText } from "../../core/error-text.ts";
import * as flag from "../../core/flag.ts";
import { INSPECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { goJson } from "../../format/go-json.ts";
import { type ServerInfo, serverInfoText } from "../../format/server-info.ts";

export const info = command({
  usage: "[OPTIONS]",
  aliases: ["system info", "info"],
  arity: noArgs,
  flags: { format: flag.string(INSPECT_FORMAT_USAGE, { short: "f" }) },
  async run(context, { flags }) {
    let server: ServerInfo | undefined;
    let failure: string | undefined;
    try {
      server = await context.client.json<ServerInfo>("GET", "/info");
    } catch (error) {
      failure = unreachable(error, context)?.message ?? errorText(error, context);
    }
    if (flags.format !== "") {
      context.out.write(await render(context, server, flags.format));
      if (failure !== undefined) throw new CliError(failure);
      return 0;
    }
    context.out.write(`${clientText(context)}\nServer:\n${server === undefined ? "" : `${serverInfoText(server)}\n`}`);
    if (failure !== undefined) throw new CliError(failure);
    for (const warning of server?.Warnings ?? []) context.err.write(`${warning}\n`);
    return 0;
  },
});

function clientText({ chosen, globals, program }: Context): string {
  return `Client:\n Version:    ${clientVersion(program).Version}\n Context:    ${chosen.context}\n Debug Mode: ${globals.debug}\n`;
}

async function render(context: Context, server: ServerInfo | undefined, format: string): Promise<string> {
  const client = {
    Debug: context.globals.debug,
    ...clientVersion(context.program),
    Context: context.chosen.context,
    Plugins: [],
    Warnings: null,
  };
  const data = { ...server, ClientInfo: client };
  if (format === "json") return `${goJson(data)}\n`;
  const { compileTemplate } = await import("../../../lib/template/index.ts");
  try {
    return `${compileTemplate(format).render(data)}\n`;
  } catch (error) {
    throw new CliError(`template parsing error: ${(error as Error).message}`, 64);
  }
}
