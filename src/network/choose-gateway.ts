import type { Endpoint } from "./network.ts";

/** One endpoint as a candidate for the default route. */
export interface GatewayCandidate {
  readonly endpoint: Endpoint;
  readonly name: string;
  readonly internal: boolean;
  readonly priority: number;
}

/**
 * The endpoints that a container's default routes go through, for IPv4 and for IPv6 (often the same one): the highest
 * priority, then the first by name. Internal networks lead nowhere. Pure.
 */
export function chooseGateways(candidates: readonly GatewayCandidate[]): {
  v4: Endpoint | undefined;
  v6: Endpoint | undefined;
} {
  const sorted = candidates
    .filter(({ internal }) => !internal)
    .sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
  return {
    v4: sorted.find(({ endpoint }) => endpoint.ipv4 !== "")?.endpoint,
    v6: sorted.find(({ endpoint }) => endpoint.ipv6 !== "")?.endpoint,
  };
}
