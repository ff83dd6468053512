import { BerthError } from "../../../lib/index.ts";
import type { ContainerConfig, HostConfig, NetworkingConfig } from "../../../spec/api/index.ts";

/** How a container is joined to networks: its own loopback only, the host's, or another container's. */
export type NetworkMode = { kind: "none" } | { kind: "host" } | { kind: "container"; ref: string };

export const BRIDGE_WARNING =
  "Bridge networks are not implemented yet: the container has only its loopback interface, as with --network none.";

/** HostConfig.NetworkMode as text, after `planNetwork` has chosen. */
export function parseNetworkMode(text: string): NetworkMode {
  if (text === "host") return { kind: "host" };
  return text.startsWith("container:") ? { kind: "container", ref: text.slice("container:".length) } : { kind: "none" };
}

/**
 * Chooses the network mode and refuses what Berth has no networks for yet: "not-implemented", naming the member. What
 * contradicts itself has been refused before, by `validateHostConfig`.
 */
export function planNetwork(
  config: ContainerConfig,
  hostConfig: HostConfig,
  networking: NetworkingConfig,
): { mode: string; warnings: string[] } {
  const asked = hostConfig.NetworkMode ?? "";
  refuseNetworks(asked, networking);
  if (asked !== "host") refusePorts(hostConfig);
  if ((hostConfig.Links?.length ?? 0) > 0) throw missing("HostConfig.Links", "links need a bridge network");
  if ((config.MacAddress ?? "") !== "") throw missing("MacAddress", "it needs a bridge network");
  if (asked === "" || asked === "default") return { mode: "none", warnings: [BRIDGE_WARNING] };
  return { mode: asked, warnings: [] };
}

const missing = (field: string, why: string) => new BerthError("not-implemented", `${field}: ${why}`);

function refusePorts({ PortBindings: bindings, PublishAllPorts: all }: HostConfig): void {
  if (Object.keys(bindings ?? {}).length > 0) throw missing("HostConfig.PortBindings", "ports cannot be published yet");
  if (all) throw missing("HostConfig.PublishAllPorts", "ports cannot be published yet");
}

function refuseNetworks(asked: string, networking: NetworkingConfig): void {
  const known = asked === "" || asked === "default" || asked === "none" || asked === "host";
  if (!known && !asked.startsWith("container:")) {
    throw missing(
      "HostConfig.NetworkMode",
      `network ${asked} cannot be joined: only none, host and container:<name|id> are there yet`,
    );
  }
  for (const [name, endpoint] of Object.entries(networking.EndpointsConfig ?? {})) {
    if (name !== (asked || "default") && name !== "default" && name !== "none" && name !== "host") {
      throw missing("NetworkingConfig.EndpointsConfig", `network ${name} cannot be joined yet`);
    }
    const { IPAMConfig: ipam, Aliases: aliases, Links: links, MacAddress: mac } = endpoint ?? {};
    const addresses = [ipam?.IPv4Address, ipam?.IPv6Address, ...(ipam?.LinkLocalIPs ?? []), mac].filter(Boolean);
    if (addresses.length > 0 || (aliases?.length ?? 0) > 0 || (links?.length ?? 0) > 0) {
      throw missing(`NetworkingConfig.EndpointsConfig.${name}`, "addresses, aliases and links need a bridge network");
    }
  }
}
