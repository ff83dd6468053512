import { kindOf } from "../../../lib/index.ts";
import { nameKey } from "../../../network/dns/index.ts";
import type { NetworkRecord } from "../../../network/index.ts";
import type { EndpointSettings } from "../../../spec/api/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { isUserDefined, parseNetworkMode } from "../create/network-mode.ts";
import type { NamedEndpoint } from "./names.ts";

/** One network that a container is to be on. */
export interface Attachment {
  /** As the user named it. */
  readonly ref: string;
  readonly settings: EndpointSettings;
}

/** The networks of a container, the main one first; none where it has another container's. */
export function attachmentsOf(container: Container): Attachment[] {
  const { hostConfig, networkingConfig } = container.record;
  const mode = parseNetworkMode(hostConfig.NetworkMode ?? "");
  if (mode.kind === "container") return [];
  const endpoints = networkingConfig.EndpointsConfig ?? {};
  const main = mode.kind === "networks" ? mode.main : mode.kind;
  // A container that has left its main network keeps the mode, and lists the network no more.
  const own = Object.hasOwn(endpoints, main) || Object.keys(endpoints).length === 0 ? [main] : [];
  const names = [...own, ...Object.keys(endpoints).filter((name) => name !== main)];
  return names.map((ref) => ({ ref, settings: endpoints[ref] ?? {} }));
}

/** The network, or undefined where it is gone. */
export function networkNamed(context: ContainersContext, ref: string): NetworkRecord | undefined {
  try {
    return context.networking.find(ref);
  } catch (error) {
    if (kindOf(error) === "not-found" || kindOf(error) === "invalid") return undefined;
    throw error;
  }
}

/** What a container is called on a network of the user's: its name, its aliases, its short id and its host name. */
export function namesOn(container: Container, network: NetworkRecord, settings: EndpointSettings): string[] {
  if (!isUserDefined(network.name)) return [];
  const { name, config } = container.record;
  const hostname = config.Hostname ?? "";
  return [
    ...new Set([name, ...(settings.Aliases ?? []), container.id.slice(0, 12), hostname].filter((each) => each !== "")),
  ];
}

/** The endpoints of a container's run with their networks and settings. */
export function joinedBy(context: ContainersContext, container: Container) {
  const endpoints = container.sandbox?.endpoints ?? [];
  return attachmentsOf(container).flatMap(({ ref, settings }) => {
    const network = networkNamed(context, ref);
    const endpoint = endpoints.find((each) => each.network === network?.id);
    return network === undefined || endpoint === undefined ? [] : [{ network, endpoint, settings, ref }];
  });
}

/** Those of the endpoints that are on networks with names. */
export function namedEndpoints(context: ContainersContext, container: Container): NamedEndpoint[] {
  return joinedBy(context, container)
    .filter(({ network }) => isUserDefined(network.name))
    .map(({ network, endpoint, settings }) => ({
      network,
      endpoint,
      names: namesOn(container, network, settings),
      links: linksOf(context, settings.Links),
    }));
}

/** Tells the others on its networks what the container is called. */
export function publishNames(context: ContainersContext, container: Container): void {
  context.names.publish(container.id, namedEndpoints(context, container));
}

/** "container:alias" pairs; a container may be named by its id, and is looked up when it is asked for. */
function linksOf(context: ContainersContext, links: readonly string[] | null | undefined): ReadonlyMap<string, string> {
  return new Map(
    (links ?? []).map((link) => {
      const [target = "", alias = target] = link.split(":", 2);
      return [nameKey(alias), nameKey(nameOf(context, target))] as const;
    }),
  );
}

function nameOf(context: ContainersContext, ref: string): string {
  try {
    return context.registry.find(ref).record.name;
  } catch {
    return ref;
  }
}
