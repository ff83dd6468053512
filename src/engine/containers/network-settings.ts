import { createHash } from "node:crypto";
import type { EndpointSettings, NetworkSettings } from "../../spec/api/index.ts";
import type { Container, Run } from "./container.ts";
import type { ContainersContext } from "./context.ts";
import { networkOf } from "./network-events.ts";

/** `.NetworkSettings` of inspect: empty addresses, and the one network that the container has. */
export function networkSettingsOf(context: ContainersContext, container: Container): NetworkSettings {
  const network = networkOf(context, container);
  const endpoint =
    network === undefined || container.run === undefined
      ? undefined
      : { id: network.id, endpoint: endpointId(container.run) };
  return {
    Bridge: "",
    SandboxID: "",
    SandboxKey: container.run === undefined ? "" : `/proc/${container.run.handle.pid}/ns/net`,
    Ports: {},
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: "",
    Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    IPAddress: "",
    IPPrefixLen: 0,
    IPv6Gateway: "",
    MacAddress: "",
    Networks: network === undefined ? {} : { [network.name]: endpointOf(endpoint?.id ?? "", endpoint?.endpoint ?? "") },
  };
}

const endpointIds = new WeakMap<Run, string>();

/** Stays the same for one run; made when somebody asks. */
function endpointId(run: Run): string {
  const { id, pid, pidStart } = run.handle;
  const known = endpointIds.get(run) ?? createHash("sha256").update(`${id} ${pid} ${pidStart}`).digest("hex");
  endpointIds.set(run, known);
  return known;
}

function endpointOf(networkId: string, id: string): EndpointSettings {
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    MacAddress: "",
    DriverOpts: null,
    GwPriority: 0,
    NetworkID: networkId,
    EndpointID: id,
    Gateway: "",
    IPAddress: "",
    IPPrefixLen: 0,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}
