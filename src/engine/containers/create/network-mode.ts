import { invalid } from "../../../lib/index.ts";
import { parsePort, planPorts } from "../../../network/index.ts";
import type { ContainerConfig, EndpointSettings, HostConfig, NetworkingConfig } from "../../../spec/api/index.ts";

/** How a container is joined to networks: its own loopback only, the host's, another container's, or networks of names. */
export type NetworkMode =
  | { kind: "none" }
  | { kind: "host" }
  | { kind: "container"; ref: string }
  | { kind: "networks"; main: string };

/** The network of a container that names none. */
export const DEFAULT_NETWORK = "bridge";

/** HostConfig.NetworkMode as text, after `planNetwork` has chosen. */
export function parseNetworkMode(text: string): NetworkMode {
  if (text === "host") return { kind: "host" };
  if (text === "none") return { kind: "none" };
  if (text.startsWith("container:")) return { kind: "container", ref: text.slice("container:".length) };
  return { kind: "networks", main: plainName(text) };
}

const plainName = (name: string) => (name === "" || name === "default" ? DEFAULT_NETWORK : name);

/** Whether a network has names, and the other things that Docker gives only networks of the user's. */
export const isUserDefined = (name: string): boolean => !["bridge", "default", "host", "none", ""].includes(name);

/**
 * Chooses the network mode and the endpoints, by the names that the user gave; whether there are such networks shows at
 * the start, as with Docker. Throws "invalid" with Docker's texts. Pure.
 */
export function planNetwork(
  config: ContainerConfig,
  hostConfig: HostConfig,
  networking: NetworkingConfig,
): { mode: string; networking: NetworkingConfig } {
  const asked = plainName(hostConfig.NetworkMode ?? "");
  for (const port of Object.keys(config.ExposedPorts ?? {})) if (!port.includes("-")) parsePort(port);
  planPorts(config, hostConfig);
  const { kind } = parseNetworkMode(asked);
  const given = Object.entries(networking.EndpointsConfig ?? {}).map(
    ([name, settings]) => [plainName(name), settings ?? {}] as const,
  );
  if (kind === "container") return { mode: asked, networking: {} };
  if (config.NetworkDisabled === true) return { mode: "none", networking: { EndpointsConfig: {} } };
  const endpoints: Record<string, EndpointSettings> = Object.fromEntries([
    [asked, {}],
    ...given.map(([name, settings]) => [name, checked(name, settings)]),
  ]);
  const mac = config.MacAddress ?? "";
  const main = endpoints[asked] ?? {};
  if (mac !== "" && main.MacAddress && main.MacAddress !== mac)
    throw invalid("conflicting options: mac-address and the endpoint's own must be the same");
  if (mac !== "") endpoints[asked] = { ...main, MacAddress: mac };
  return { mode: asked, networking: { EndpointsConfig: endpoints } };
}

/** Without what an inspect prints and a client may have sent back. */
function checked(name: string, settings: EndpointSettings): EndpointSettings {
  const {
    IPAMConfig: ipam,
    Aliases: aliases,
    Links: links,
    MacAddress: mac,
    DriverOpts: options,
    GwPriority,
  } = settings;
  const addresses = [ipam?.IPv4Address, ipam?.IPv6Address].filter(Boolean);
  if (!isUserDefined(name)) {
    if ((aliases?.length ?? 0) > 0)
      throw invalid("network-scoped alias is supported only for containers in user defined networks");
    if (addresses.length > 0)
      throw invalid(
        `invalid config for network ${name}: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only`,
      );
  }
  if ((ipam?.LinkLocalIPs?.length ?? 0) > 0)
    throw invalid(
      `NetworkingConfig.EndpointsConfig.${name}.IPAMConfig.LinkLocalIPs is not supported: use IPv4Address or IPv6Address`,
    );
  return {
    ...(ipam ? { IPAMConfig: ipam } : {}),
    ...(links?.length ? { Links: links } : {}),
    ...(aliases?.length ? { Aliases: aliases } : {}),
    ...(mac ? { MacAddress: mac } : {}),
    ...(options && Object.keys(options).length > 0 ? { DriverOpts: options } : {}),
    ...(GwPriority ? { GwPriority } : {}),
  };
}
