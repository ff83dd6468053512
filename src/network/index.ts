/**
 * Networks as data, and what applies them to the kernel and takes them away again.
 *
 * Vocabulary: a *network* is a record; an *endpoint* is what a container has of one (addresses, an interface with an
 * inside and an outside end); a *published port* leads from the host to a container. *Isolation* is done by routing and
 * stands without the firewall, which only grants permissions.
 */
export { chooseGateways, type GatewayCandidate } from "./choose-gateway.ts";
export type { Plug } from "./endpoints.ts";
export type { AddressPool } from "./ipam/choose-pool.ts";
export * from "./network.ts";
export { type EndpointRequest, type Networking, openNetworking } from "./networking.ts";
export { type PortRequest, parsePort, planPorts } from "./ports/plan-ports.ts";
export { DEFAULT_SETTINGS, type NetworkSettings } from "./settings.ts";
