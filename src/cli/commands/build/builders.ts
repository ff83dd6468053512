import { CliError } from "../../core/cli-error.ts";
import { clientVersion } from "../../core/client-version.ts";
import { atLeast, between, command, exactly, noArgs } from "../../core/command.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { checkBuilder } from "./builder-name.ts";

/** buildx's commands on builders. There is one, "default": the daemon that the other commands speak to. */

const builder = flag.string("Override the configured builder instance");

interface ServerInfo {
  readonly ServerVersion?: string;
  readonly OSType?: string;
  readonly Architecture?: string;
}

async function builderNode(context: Context): Promise<{ version: string; platform: string; endpoint: string }> {
  const info = await context.client.json<ServerInfo>("GET", "/info");
  const architecture = { x86_64: "amd64", aarch64: "arm64" }[info.Architecture ?? ""] ?? info.Architecture ?? "";
  const { context: name } = context.chosen;
  return {
    version: info.ServerVersion ?? "",
    platform: `${info.OSType || "linux"}/${architecture}`,
    endpoint: name,
  };
}

export const list = command({
  usage: "[OPTIONS]",
  arity: noArgs,
  flags: { format: flag.string("Format the output", { initial: "table" }) },
  async run(context, { flags }) {
    const { version, platform, endpoint } = await builderNode(context);
    const driver = context.program.command;
    if (flags.format === "json") {
      const node = { Name: "default", Endpoint: endpoint, Status: "running", Version: version, Platforms: [platform] };
      context.out.write(`${JSON.stringify({ Name: "default", Driver: driver, Current: true, Nodes: [node] })}\n`);
      return 0;
    }
    if (flags.format !== "table")
      throw new CliError(`ERROR: invalid format ${JSON.stringify(flags.format)}: table or json`);
    const rows = [
      ["NAME/NODE", "DRIVER/ENDPOINT", "STATUS", "BUILDER", "PLATFORMS"],
      ["default*", driver, "", "", ""],
      [" \\_ default", ` \\_ ${endpoint}`, "running", version, platform],
    ];
    const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + 3;
    const line = (row: readonly string[]) =>
      row.map((cell, column) => (column < 4 ? cell.padEnd(width(column)) : cell)).join("");
    context.out.write(rows.map((row) => `${line(row).trimEnd()}\n`).join(""));
    return 0;
  },
});

export const inspect = command({
  usage: "[NAME]",
  arity: between(0, 1),
  flags: { bootstrap: flag.bool("Ensure builder has booted before inspecting"), builder },
  async run(context, { flags, args: [name = ""] }) {
    checkBuilder(name || flags.builder);
    const { version, platform, endpoint } = await builderNode(context);
    context.out.write(
      [
        "Name:   default",
        `Driver: ${context.program.command}`,
        "",
        "Nodes:",
        "Name:             default",
        `Endpoint:         ${endpoint}`,
        "Status:           running",
        `Builder version:  ${version}`,
        `Platforms:        ${platform}`,
        "",
      ].join("\n"),
    );
    return 0;
  },
});

export const use = command({
  usage: "[OPTIONS] NAME",
  arity: exactly(1),
  flags: {
    builder,
    default: flag.bool("Set builder as default for current context"),
    global: flag.bool("Builder persists context changes"),
  },
  async run(_context, { args: [name = ""] }) {
    checkBuilder(name);
    return 0;
  },
});

export const create = command({
  usage: "[OPTIONS] [CONTEXT|ENDPOINT]",
  arity: between(0, 1),
  flags: {
    append: flag.bool("Append a node to builder instead of changing it"),
    bootstrap: flag.bool("Boot builder after creation"),
    "buildkitd-config": flag.string("BuildKit daemon config file"),
    "buildkitd-flags": flag.string("BuildKit daemon flags"),
    driver: flag.string("Driver to use"),
    "driver-opt": flag.list("Options for the driver"),
    leave: flag.bool("Remove a node from builder instead of changing it"),
    name: flag.string("Builder instance name"),
    node: flag.string("Create/modify node with given name"),
    platform: flag.list("Fixed platforms for current node"),
    use: flag.bool("Set the current builder instance"),
  },
  async run(context) {
    throw new CliError(
      `ERROR: ${context.program.title} builds in its own daemon: there is one builder, "default", and no other is needed`,
    );
  },
});

export const remove = command({
  usage: "[OPTIONS] [NAME] [NAME...]",
  arity: atLeast(0),
  flags: {
    "all-inactive": flag.bool("Remove all inactive builders"),
    builder,
    force: flag.bool("Do not prompt for confirmation", { short: "f" }),
    "keep-daemon": flag.bool("Keep the builder's daemon running"),
    "keep-state": flag.bool("Keep the builder's state"),
  },
  async run(context, { flags, args }) {
    if (flags["all-inactive"]) return 0;
    let failed = false;
    for (const name of args.length > 0 ? args : [flags.builder || "default"]) {
      failed = true;
      const why = name === "default" ? "default builder cannot be removed" : `no builder ${JSON.stringify(name)} found`;
      context.err.write(`failed to remove ${name}: ${why}\n`);
    }
    if (failed) throw new CliError("ERROR: failed to remove one or more builders");
    return 0;
  },
});

export const stop = command({
  usage: "[NAME]",
  arity: between(0, 1),
  flags: { builder },
  async run(_context, { flags, args: [name = ""] }) {
    checkBuilder(name || flags.builder);
    return 0;
  },
});

export const version = command({
  usage: "",
  arity: noArgs,
  flags: {},
  async run(context) {
    const { Version, GitCommit } = clientVersion(context.program);
    context.out.write(`berth/build ${Version} ${GitCommit}\n`);
    return 0;
  },
});
