import { API_VERSION } from "../../../api/client/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { clientVersion } from "../../core/client-version.ts";
import { command, noArgs } from "../../core/command.ts";
import { type Context, unreachable } from "../../core/context.ts";
import { errorText } from "../../core/error-text.ts";
import * as flag from "../../core/flag.ts";
import { INSPECT_FORMAT_USAGE } from "../../format/format-flag.ts";
import { goJson } from "../../format/go-json.ts";

interface ServerVersion {
  Platform?: { Name: string };
  Components?: { Name: string; Version: string; Details?: Record<string, string> }[];
  Version: string;
  ApiVersion: string;
  MinAPIVersion?: string;
  GitCommit?: string;
  GoVersion?: string;
  Os?: string;
  Arch?: string;
  KernelVersion?: string;
  BuildTime?: string;
}

export const version = command({
  usage: "[OPTIONS]",
  arity: noArgs,
  flags: { format: flag.string(INSPECT_FORMAT_USAGE, { short: "f" }) },
  async run(context, { flags }) {
    let server: ServerVersion | undefined;
    let failure: CliError | undefined;
    try {
      server = await context.client.json<ServerVersion>("GET", "/version");
    } catch (error) {
      failure = unreachable(error, context) ?? new CliError(errorText(error, context));
    }
    const client = {
      ...clientVersion(context.program),
      ApiVersion: context.client.version,
      DefaultAPIVersion: API_VERSION,
      Context: context.chosen.context,
    };
    context.out.write(await render(context, { Client: client, Server: server ?? null }, flags.format));
    if (failure !== undefined) throw failure;
    return 0;
  },
});

type Versions = {
  Client: ReturnType<typeof clientVersion> & { ApiVersion: string; DefaultAPIVersion: string; Context: string };
  Server: ServerVersion | null;
};

async function render(context: Context, versions: Versions, format: string): Promise<string> {
  if (format === "json") return `${goJson(versions)}\n`;
  if (format === "") return plain(context, versions);
  const { compileTemplate } = await import("../../../lib/template/index.ts");
  try {
    const { Client, Server } = versions;
    const data = { Client: fieldsOf(Client), Server: Server === null ? null : fieldsOf(Server) };
    return `${compileTemplate(format).render(data)}\n`;
  } catch (error) {
    throw new CliError(`template parsing error: ${(error as Error).message}`, 64);
  }
}

/** Templates name Go's field, APIVersion, and `json` prints the API's name, ApiVersion: the first is there unseen. */
const fieldsOf = <T extends { ApiVersion: string }>(side: T): T =>
  Object.defineProperty({ ...side }, "APIVersion", { value: side.ApiVersion });

const row = (indent: number, name: string, value: string) =>
  `${`${" ".repeat(indent)}${name}:`.padEnd(indent + 19)}${value}\n`.replace(/ +\n$/, (end) =>
    value === "" ? end : "\n",
  );

function plain({ program }: Context, { Client, Server }: Versions): string {
  const downgraded =
    Client.ApiVersion === Client.DefaultAPIVersion ? "" : ` (downgraded from ${Client.DefaultAPIVersion})`;
  const client = [
    `Client: ${program.title === "Berth" ? "Berth" : ""}`.trimEnd(),
    "\n",
    row(1, "Version", Client.Version),
    row(1, "API version", `${Client.ApiVersion}${downgraded}`),
    row(1, "Runtime", Client.Runtime),
    row(1, "OS/Arch", `${Client.Os}/${Client.Arch}`),
    row(1, "Context", Client.Context),
  ].join("");
  return Server === null ? client : `${client}\n${serverText(Server)}`;
}

function serverText(server: ServerVersion): string {
  const name = server.Platform?.Name ?? "";
  let text = name === "" ? "Server:\n" : `Server: ${name}\n`;
  for (const component of server.Components ?? []) {
    const details = component.Details ?? {};
    text += ` ${component.Name}:\n`;
    text +=
      component.Name === "Engine" ? engineText(component.Version, details) : componentText(component.Version, details);
  }
  return text;
}

function engineText(version: string, details: Record<string, string>): string {
  const minimum = details.MinAPIVersion ? ` (minimum version ${details.MinAPIVersion})` : "";
  return [
    row(2, "Version", version),
    row(2, "API version", `${details.ApiVersion ?? ""}${minimum}`),
    row(2, "Go version", details.GoVersion ?? ""),
    row(2, "Git commit", details.GitCommit ?? ""),
    row(2, "Built", builtText(details.BuildTime ?? "")),
    row(2, "OS/Arch", `${details.Os ?? ""}/${details.Arch ?? ""}`),
    row(2, "Experimental", details.Experimental ?? "false"),
  ].join("");
}

function componentText(version: string, details: Record<string, string>): string {
  const rest = Object.entries(details).map(([name, value]) => row(2, name, value));
  return row(2, "Version", version) + rest.join("");
}

/** A build time as Go's ANSI C form, "Thu Aug 13 05:35:47 2026"; what is no time stays. */
function builtText(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  const [day = "", dayOfMonth = "", month = "", year = "", time = ""] = date.toUTCString().replace(",", "").split(" ");
  return `${day} ${month} ${String(Number(dayOfMonth)).padStart(2)} ${time} ${year}`;
}
