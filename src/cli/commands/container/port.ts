import { apiPath } from "../../../api/client/index.ts";
import type { ContainerInspect, PortBinding } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { between, command } from "../../core/command.ts";

export const port = command({
  usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
  aliases: ["container port", "port"],
  arity: between(1, 2),
  flags: {},
  async run(context, { args: [name = "", wanted] }) {
    const { NetworkSettings } = await context.client.json<ContainerInspect>("GET", apiPath`/containers/${name}/json`);
    const ports = NetworkSettings.Ports ?? {};
    if (wanted === undefined) {
      const lines = Object.entries(ports).flatMap(([inside, bindings]) =>
        (bindings ?? []).map((binding) => ({ inside, text: `${inside} -> ${address(binding)}\n` })),
      );
      context.out.write(
        lines
          .sort(comparePorts)
          .map(({ text }) => text)
          .join(""),
      );
      return 0;
    }
    const [number = "", protocol = "tcp"] = wanted.split("/", 2);
    const bindings = ports[`${number}/${protocol}`] ?? [];
    if (!/^\d+$/.test(number)) throw new CliError(`Error: invalid port (${wanted})`);
    if (bindings.length === 0) throw new CliError(`Error: No public port '${wanted}' published for ${name}`);
    context.out.write(bindings.map((binding) => `${address(binding)}\n`).join(""));
    return 0;
  },
});

function comparePorts(a: { inside: string; text: string }, b: { inside: string; text: string }): number {
  return Number.parseInt(a.inside, 10) - Number.parseInt(b.inside, 10) || (a.text < b.text ? -1 : 1);
}

function address({ HostIp = "", HostPort = "" }: PortBinding): string {
  return `${HostIp.includes(":") ? `[${HostIp}]` : HostIp}:${HostPort}`;
}
