import { BerthError, doing, messageOf, type UndoStack } from "../../../lib/index.ts";
import { chooseGateways, type Endpoint, type NetworkRecord, planPorts } from "../../../network/index.ts";
import type { EndpointSettings } from "../../../spec/api/index.ts";
import type { Container, Sandbox } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { attachmentsOf, joinedBy, publishNames } from "./attachments.ts";

/** How long the kernel has to clear away the interfaces of a container that has ended, in milliseconds. */
const CLEARING = 2000;

/**
 * Gives a start its addresses and ports; nothing is in the kernel yet. Each step pushes its undo. Rejects with Docker's
 * texts where a network is gone, or an address or a port is taken.
 */
export async function prepareSandbox(context: ContainersContext, container: Container, undo: UndoStack): Promise<void> {
  const { networking } = context;
  const sandbox: Sandbox = { endpoints: [], ports: [] };
  container.sandbox = sandbox;
  undo.push("leave the networks", () => leaveSandbox(context, container));
  for (const { ref, settings } of attachmentsOf(container)) {
    const network = networking.find(ref);
    if (network.driver === "host" || network.driver === "null") continue;
    const before = container.addresses?.find((endpoint) => endpoint.network === network.id);
    sandbox.endpoints.push(allocateAgain(context, sandbox, network, settings, before));
  }
  const { config, hostConfig, name } = container.record;
  const requests = planPorts(config, hostConfig);
  const { v4, v6 } = gatewaysOf(context, container, "bridge");
  if (requests.length === 0 || (v4 === undefined && v6 === undefined)) return;
  const publishOn = networking.settings.publishOn;
  try {
    sandbox.ports = await networking.ports.take(name, requests, { v4, v6, publishOn });
  } catch (error) {
    throw doing(`driver failed programming external connectivity on endpoint ${name} (${(v4 ?? v6)?.id})`, error);
  }
}

/** The same addresses again, where somebody else does not have them by now. */
function allocateAgain(
  context: ContainersContext,
  sandbox: Sandbox,
  network: NetworkRecord,
  settings: EndpointSettings,
  before: Endpoint | undefined,
): Endpoint {
  const fixed = settings.IPAMConfig?.IPv4Address || settings.IPAMConfig?.IPv6Address;
  if (before === undefined || fixed) return allocate(context, sandbox, network, settings);
  const wish = { IPv4Address: before.ipv4, IPv6Address: before.ipv6 };
  try {
    return allocate(context, sandbox, network, { ...settings, IPAMConfig: wish });
  } catch {
    return allocate(context, sandbox, network, settings);
  }
}

/** An endpoint of a network for this container, with the first free interface name. */
export function allocate(
  context: ContainersContext,
  sandbox: Sandbox,
  network: NetworkRecord,
  settings: EndpointSettings,
): Endpoint {
  if (network.configOnly)
    throw new BerthError("forbidden", `cannot attach to the configuration-only network ${network.name}`);
  const prefix = network.options["com.docker.network.container_iface_prefix"] || "eth";
  const taken = new Set(sandbox.endpoints.map(({ inside }) => inside));
  const wished = settings.DriverOpts?.["com.docker.network.endpoint.ifname"];
  let number = 0;
  while (taken.has(`${prefix}${number}`)) number++;
  return context.networking.allocate(network, {
    ipv4: settings.IPAMConfig?.IPv4Address || undefined,
    ipv6: settings.IPAMConfig?.IPv6Address || undefined,
    mac: settings.MacAddress,
    inside: wished && /^[^\s/:]{1,15}$/.test(wished) ? wished : `${prefix}${number}`,
  });
}

/** Endpoints that the default routes go through; with "bridge", those that ports are published through. */
export function gatewaysOf(context: ContainersContext, container: Container, only?: "bridge") {
  const candidates = joinedBy(context, container)
    .filter(({ network }) => only === undefined || network.driver === only)
    .map(({ network, endpoint, settings }) => ({
      endpoint,
      name: network.name,
      internal: network.internal,
      priority: settings.GwPriority ?? 0,
    }));
  return chooseGateways(candidates);
}

/** The distinct ones of the gateways. */
export function routesOf(context: ContainersContext, container: Container): Endpoint[] {
  const { v4, v6 } = gatewaysOf(context, container);
  const four = v4 && { ...v4, gateway6: v4 === v6 ? v4.gateway6 : "" };
  const six = v6 && v6 !== v4 ? { ...v6, gateway: "" } : undefined;
  return [four, six].filter((each) => each !== undefined);
}

/** Puts what was prepared into the kernel, for the process that waits to be started. */
export async function joinSandbox(context: ContainersContext, container: Container, pid: number): Promise<void> {
  const { networking } = context;
  const { sandbox } = container;
  if (sandbox === undefined || sandbox.endpoints.length === 0) return;
  const plugs = joinedBy(context, container).map(({ network, endpoint }) =>
    plugOf(context, sandbox, network, endpoint),
  );
  networking.plug(pid, plugs, routesOf(context, container));
  publishNames(context, container);
  if (sandbox.ports.length > 0) await networking.publish(sandbox.ports);
}

export function plugOf(context: ContainersContext, sandbox: Sandbox, network: NetworkRecord, endpoint: Endpoint) {
  const hairpin = sandbox.ports.some((port) => port.network === network.id);
  return { network, endpoint, bridge: context.networking.bridgeOf(network), hairpin };
}

/** Gives everything back. Never rejects. */
export async function leaveSandbox(context: ContainersContext, container: Container): Promise<void> {
  const { sandbox } = container;
  if (sandbox === undefined) return;
  container.sandbox = undefined;
  context.names.withdraw(container.id);
  try {
    await context.networking.unpublish(sandbox.ports);
  } catch (error) {
    context.warn(`ports of container ${container.id}: ${messageOf(error)}`);
  }
  for (const endpoint of sandbox.endpoints) context.networking.release(endpoint);
  if (sandbox.endpoints.length > 0) clearLater(context, sandbox.endpoints);
}

/** The kernel takes a container's interfaces away with its namespace; something may hold that. */
function clearLater(context: ContainersContext, endpoints: readonly Endpoint[]): void {
  const timer = setTimeout(() => {
    for (const endpoint of endpoints)
      context.background(`interface ${endpoint.outside}`, () => context.networking.unplug(endpoint));
  }, CLEARING);
  timer.unref();
}
