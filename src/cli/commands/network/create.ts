import type { NetworkCreateResponse, NetworkIpamConfig } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, exactly } from "../../core/command.ts";
import * as flag from "../../core/flag.ts";
import { validateLabel } from "../../run-options/validators.ts";
import { planIpam } from "./plan-ipam.ts";

export const create = command({
  usage: "[OPTIONS] NETWORK",
  arity: exactly(1),
  flags: {
    attachable: flag.bool("Enable manual container attachment"),
    "aux-address": flag.map("Auxiliary IPv4 or IPv6 addresses used by Network driver"),
    "config-from": flag.string("The network from which to copy the configuration"),
    "config-only": flag.bool("Create a configuration only network"),
    driver: flag.string("Driver to manage the Network", { short: "d", initial: "bridge" }),
    gateway: flag.strings("IPv4 or IPv6 Gateway for the master subnet"),
    ingress: flag.bool("Create swarm routing-mesh network"),
    internal: flag.bool("Restrict external access to the network"),
    "ip-range": flag.strings("Allocate container ip from a sub-range"),
    "ipam-driver": flag.string("IP Address Management Driver", { initial: "default" }),
    "ipam-opt": flag.map("Set IPAM driver specific options"),
    ipv4: flag.bool("Enable or disable IPv4 address assignment", { initial: true }),
    ipv6: flag.bool("Enable or disable IPv6 address assignment"),
    label: flag.list("Set metadata on a network", { check: validateLabel }),
    opt: flag.map("Set driver specific options", { short: "o" }),
    scope: flag.string("Control the network's scope"),
    subnet: flag.strings("Subnet in CIDR format that represents a network segment"),
  },
  async run(context, { flags, args: [name = ""], changed }) {
    const config: NetworkIpamConfig[] = planIpam({
      subnets: flags.subnet,
      ranges: flags["ip-range"],
      gateways: flags.gateway,
      auxiliary: Object.fromEntries(flags["aux-address"]),
    });
    if (flags["config-only"] && flags["config-from"] !== "")
      throw new CliError("conflicting options: --config-only and --config-from");
    const labels = Object.fromEntries(
      flags.label.map((text) => flag.cut(text, "=")).map(([key, value]) => [key, value ?? ""]),
    );
    const network = await context.client.json<NetworkCreateResponse>("POST", "/networks/create", {
      json: {
        Name: name,
        Driver: flags.driver,
        Options: Object.fromEntries(flags.opt),
        IPAM: { Driver: flags["ipam-driver"], Options: Object.fromEntries(flags["ipam-opt"]), Config: config },
        Internal: flags.internal,
        Attachable: flags.attachable,
        Ingress: flags.ingress,
        Scope: flags.scope,
        ConfigOnly: flags["config-only"],
        Labels: labels,
        ...(changed("ipv4") ? { EnableIPv4: flags.ipv4 } : {}),
        ...(changed("ipv6") ? { EnableIPv6: flags.ipv6 } : {}),
        ...(flags["config-from"] === "" ? {} : { ConfigFrom: { Network: flags["config-from"] } }),
      },
    });
    if (network.Warning !== "") context.err.write(`WARNING: ${network.Warning}\n`);
    context.out.write(`${network.Id}\n`);
    return 0;
  },
});
