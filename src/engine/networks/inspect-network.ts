import type { NetworkRecord } from "../../network/index.ts";
import type { NetworkContainer, NetworkInspect } from "../../spec/api/index.ts";
import type { Container } from "../containers/container.ts";
import type { ContainersContext } from "../containers/context.ts";
import { attachmentsOf } from "../containers/network/attachments.ts";

/** A network as the API shows it; `containers` are those that are on it now. */
export function describeNetwork(
  record: NetworkRecord,
  containers: Readonly<Record<string, NetworkContainer>>,
): NetworkInspect {
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: "local",
    Driver: record.driver,
    EnableIPv4: record.ipv4,
    EnableIPv6: record.ipv6,
    IPAM: {
      Driver: record.ipamDriver,
      Options: record.ipamOptions,
      Config: record.driver === "host" || record.driver === "null" ? null : record.subnets,
    },
    Internal: record.internal,
    Attachable: record.attachable,
    Ingress: record.ingress,
    ConfigFrom: { Network: record.configFrom },
    ConfigOnly: record.configOnly,
    Containers: containers,
    Options: record.options,
    Labels: record.labels,
  };
}

/** Containers that run on a network, with their endpoints. */
export function membersOf(context: ContainersContext, network: NetworkRecord): Record<string, NetworkContainer> {
  const found: Record<string, NetworkContainer> = {};
  for (const container of context.registry.list()) {
    const entry = entryOf(container, network);
    if (entry !== undefined) found[container.id] = entry;
  }
  return found;
}

function entryOf(container: Container, network: NetworkRecord): NetworkContainer | undefined {
  if (container.run === undefined) return undefined;
  const base = { Name: container.record.name };
  if (network.driver === "host" || network.driver === "null") {
    if (!attachmentsOf(container).some(({ ref }) => ref === network.name)) return undefined;
    return { ...base, EndpointID: container.id, MacAddress: "", IPv4Address: "", IPv6Address: "" };
  }
  const endpoint = container.sandbox?.endpoints.find((each) => each.network === network.id);
  if (endpoint === undefined) return undefined;
  const { id, mac, ipv4, ipv4Length, ipv6, ipv6Length } = endpoint;
  return {
    ...base,
    EndpointID: id,
    MacAddress: mac,
    IPv4Address: ipv4 === "" ? "" : `${ipv4}/${ipv4Length}`,
    IPv6Address: ipv6 === "" ? "" : `${ipv6}/${ipv6Length}`,
  };
}
