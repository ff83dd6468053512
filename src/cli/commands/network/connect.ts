import { apiPath } from "../../../api/client/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, exactly } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";

export const connect = command({
  usage: "[OPTIONS] NETWORK CONTAINER",
  arity: exactly(2),
  flags: {
    alias: flag.strings("Add network-scoped alias for the container"),
    "driver-opt": flag.strings("driver options for the network"),
    "gw-priority": flag.int("Highest gw-priority provides the default gateway. Accepts positive and negative values."),
    ip: flag.string('IPv4 address (e.g., "172.30.100.104")'),
    ip6: flag.string('IPv6 address (e.g., "2001:db8::33")'),
    link: flag.list("Add link to another container"),
    "link-local-ip": flag.strings("Add a link-local address for the container"),
  },
  async run(context, { flags, args: [network = "", container = ""] }) {
    const options = flags["driver-opt"].map((text) => {
      const [key, value] = flag.cut(text, "=");
      if (value === undefined) throw new CliError("invalid key/value pair format in driver options");
      return [key, value] as const;
    });
    const { ip, ip6, "link-local-ip": local } = flags;
    const addresses = {
      ...(ip === "" ? {} : { IPv4Address: ip }),
      ...(ip6 === "" ? {} : { IPv6Address: ip6 }),
      ...(local.length === 0 ? {} : { LinkLocalIPs: local }),
    };
    await context.client.call("POST", apiPath`/networks/${network}/connect`, {
      json: {
        Container: container,
        EndpointConfig: {
          IPAMConfig: addresses,
          Links: flags.link,
          Aliases: flags.alias,
          DriverOpts: Object.fromEntries(options),
          GwPriority: flags["gw-priority"],
        },
      },
    });
    return 0;
  },
});
