import { ContextStore } from "../../contexts/context-store.ts";
import { defaultHost } from "../../contexts/endpoint-config.ts";
import { command, noArgs } from "../../core/command.ts";
import type { Context } from "../../core/context.ts";
import { contextName } from "../../core/endpoint.ts";
import * as flag from "../../core/flag.ts";
import { FORMAT_USAGE } from "../../format/format-flag.ts";
import { formatList } from "../../format/list-format.ts";
import type { ListType } from "../../format/list-type.ts";

interface Row {
  name: string;
  description: string;
  host: string;
  current: boolean;
  error: string;
}

export const list = command({
  usage: "[OPTIONS]",
  aliases: ["context ls", "context list"],
  arity: noArgs,
  flags: {
    format: flag.string(FORMAT_USAGE),
    quiet: flag.bool("Only show context names", { short: "q" }),
  },
  async run(context, { flags }) {
    const rows = rowsOf(context);
    if (flags.quiet && flags.format === "") {
      context.out.write(rows.map(({ name }) => `${name}\n`).join(""));
      return 0;
    }
    const table = /^\s*(table.*)?$/.test(flags.format);
    const columns = ["Name", "Description", "DockerEndpoint", "Error"];
    context.out.write(await formatList(contextList(table), rows, flags.format, columns));
    const variable = ["BERTH_HOST", "DOCKER_HOST"].find((each) => context.env[each]);
    if (variable !== undefined)
      context.err.write(
        `Warning: ${variable} environment variable overrides the active context. To use a context, either set the global --context flag, or unset ${variable} environment variable.\n`,
      );
    return 0;
  },
});

function rowsOf(context: Context): Row[] {
  const current = contextName(context.globals, context.env, () => context.config);
  const rows = new ContextStore(context.configFolder).list().map(
    ({ Name, Metadata, Endpoints }): Row => ({
      name: Name,
      description: Metadata.Description ?? "",
      host: Endpoints.docker?.Host ?? "",
      current: Name === current,
      error: "",
    }),
  );
  const known = current === "default" || rows.some(({ name }) => name === current);
  const missing = known
    ? []
    : [{ name: current, description: "", host: "", current: true, error: notFound(context, current) }];
  const fallback: Row = {
    name: "default",
    description: "Current DOCKER_HOST based configuration",
    host: defaultHost(context),
    current: current === "default",
    error: "",
  };
  return [...rows, fallback, ...missing].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function notFound(context: Context, name: string): string {
  try {
    new ContextStore(context.configFolder).read(name);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

const LONGEST_ERROR = 45;

function contextList(table: boolean): ListType<Row> {
  return {
    name: "*formatter.clientContextContext",
    columns: {
      Name: { header: "NAME", value: ({ name, current }) => (table && current ? `${name} *` : name) },
      Description: { header: "DESCRIPTION", value: ({ description }) => description },
      DockerEndpoint: { header: "DOCKER ENDPOINT", value: ({ host }) => host },
      Current: { header: "CURRENT", value: ({ current }) => current },
      Error: {
        header: "ERROR",
        value: ({ error }) => (table && error.length > LONGEST_ERROR ? `${error.slice(0, LONGEST_ERROR - 1)}…` : error),
      },
    },
  };
}
