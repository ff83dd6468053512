import { createHash } from "node:crypto";
import type { Endpoint, NetworkRecord, PublishedPort } from "../../network/index.ts";
import type { EndpointSettings, NetworkSettings, Port, PortBinding } from "../../spec/api/index.ts";
import type { Container, Run } from "./container.ts";
import type { ContainersContext } from "./context.ts";
import { isUserDefined } from "./create/network-mode.ts";
import { attachmentsOf, namesOn, networkNamed } from "./network/attachments.ts";

/** `.NetworkSettings` of inspect. The addresses beside `Networks` are those of the default bridge, as Docker has it. */
export function networkSettingsOf(context: ContainersContext, container: Container): NetworkSettings {
  const networks = endpointsOf(context, container);
  const onBridge = container.sandbox === undefined ? undefined : networks.bridge;
  const running = container.run !== undefined;
  const sandbox = running ? endpointId(container.run) : "";
  return {
    Bridge: "",
    SandboxID: sandbox,
    SandboxKey: container.run === undefined ? "" : `/proc/${container.run.handle.pid}/ns/net`,
    Ports: running ? portsOf(container) : {},
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: onBridge?.EndpointID ?? "",
    Gateway: onBridge?.Gateway ?? "",
    GlobalIPv6Address: onBridge?.GlobalIPv6Address ?? "",
    GlobalIPv6PrefixLen: onBridge?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: onBridge?.IPAddress ?? "",
    IPPrefixLen: onBridge?.IPPrefixLen ?? 0,
    IPv6Gateway: onBridge?.IPv6Gateway ?? "",
    MacAddress: onBridge?.MacAddress ?? "",
    Networks: networks,
  };
}

/** The container's networks with what it has of each. */
export function endpointsOf(context: ContainersContext, container: Container): Record<string, EndpointSettings> {
  const found = attachmentsOf(container).map(({ ref, settings }) => {
    const network = networkNamed(context, ref);
    const endpoint = container.sandbox?.endpoints.find((each) => each.network === network?.id);
    return [network?.name ?? ref, endpointSettings(container, network, settings, endpoint)] as const;
  });
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function endpointSettings(
  container: Container,
  network: NetworkRecord | undefined,
  settings: EndpointSettings,
  endpoint: Endpoint | undefined,
): EndpointSettings {
  const plain = endpoint === undefined && container.run !== undefined ? endpointId(container.run) : "";
  return {
    IPAMConfig: settings.IPAMConfig ?? null,
    Links: settings.Links ?? null,
    Aliases: settings.Aliases ?? null,
    MacAddress: endpoint?.mac ?? "",
    DriverOpts: settings.DriverOpts ?? null,
    GwPriority: settings.GwPriority ?? 0,
    NetworkID: endpoint === undefined && plain === "" ? "" : (network?.id ?? ""),
    EndpointID: endpoint?.id ?? plain,
    Gateway: endpoint?.gateway ?? "",
    IPAddress: endpoint?.ipv4 ?? "",
    IPPrefixLen: endpoint?.ipv4Length ?? 0,
    IPv6Gateway: endpoint?.gateway6 ?? "",
    GlobalIPv6Address: endpoint?.ipv6 ?? "",
    GlobalIPv6PrefixLen: endpoint?.ipv6Length ?? 0,
    DNSNames: network !== undefined && isUserDefined(network.name) ? namesOn(container, network, settings) : null,
  };
}

/** Every port that the image or the user exposes, with its bindings. */
function portsOf(container: Container): Record<string, PortBinding[] | null> {
  const ports: Record<string, PortBinding[] | null> = {};
  for (const key of Object.keys(container.record.config.ExposedPorts ?? {})) ports[withProtocol(key)] = null;
  for (const { protocol, containerPort, hostIp, hostPort } of container.sandbox?.ports ?? []) {
    const key = `${containerPort}/${protocol}`;
    ports[key] = [...(ports[key] ?? []), { HostIp: hostIp, HostPort: String(hostPort) }];
  }
  return ports;
}

const withProtocol = (key: string) => (key.includes("/") ? key : `${key}/tcp`);

/** The column PORTS of ps. */
export function portSummary(container: Container): Port[] {
  if (container.run === undefined) return [];
  return Object.entries(portsOf(container)).flatMap(([key, bindings]) => {
    const [port = "", type = "tcp"] = key.split("/", 2);
    const base = { PrivatePort: Number(port), Type: type as PublishedPort["protocol"] };
    if (bindings === null) return [base];
    return bindings.map(({ HostIp: ip = "", HostPort: hostPort }) => ({
      IP: ip,
      ...base,
      PublicPort: Number(hostPort),
    }));
  });
}

const endpointIds = new WeakMap<Run, string>();

/** Stays the same for one run; made when somebody asks. */
function endpointId(run: Run | undefined): string {
  if (run === undefined) return "";
  const { id, pid, pidStart } = run.handle;
  const known = endpointIds.get(run) ?? createHash("sha256").update(`${id} ${pid} ${pidStart}`).digest("hex");
  endpointIds.set(run, known);
  return known;
}
