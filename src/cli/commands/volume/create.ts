import type { Volume } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { between, command } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { validateLabel } from "../../run-options/validators.ts";

const CLUSTER = "cluster volumes belong to swarm mode, which Berth does not have";

export const create = command({
  usage: "[OPTIONS] [VOLUME]",
  arity: between(0, 1),
  flags: {
    availability: flag.refused("string", CLUSTER),
    driver: flag.string("Specify volume driver name", { short: "d", initial: "local" }),
    group: flag.refused("string", CLUSTER),
    label: flag.list("Set metadata for a volume", { check: validateLabel }),
    "limit-bytes": flag.refused("bytes", CLUSTER),
    name: flag.string("Specify volume name", { hidden: true }),
    opt: flag.map("Set driver specific options", { short: "o" }),
    "required-bytes": flag.refused("bytes", CLUSTER),
    scope: flag.refused("string", CLUSTER),
    secret: flag.refused("map", CLUSTER),
    sharing: flag.refused("string", CLUSTER),
    "topology-preferred": flag.refused("list", CLUSTER),
    "topology-required": flag.refused("list", CLUSTER),
    type: flag.refused("string", CLUSTER),
  },
  async run(context, { flags, args: [given] }) {
    if (given !== undefined && flags.name !== "")
      throw new CliError(
        "conflicting options: cannot specify a volume-name through both --name and as a positional arg",
      );
    const labels = Object.fromEntries(
      flags.label.map((text) => flag.cut(text, "=")).map(([name, value]) => [name, value ?? ""]),
    );
    const volume = await context.client.json<Volume>("POST", "/volumes/create", {
      json: {
        Driver: flags.driver,
        DriverOpts: Object.fromEntries(flags.opt),
        Labels: labels,
        ...((given ?? flags.name) === "" ? {} : { Name: given ?? flags.name }),
      },
    });
    context.out.write(`${volume.Name}\n`);
    return 0;
  },
});
