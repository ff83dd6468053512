import { readFile, writeFile } from "node:fs/promises";
import { BerthError, conflict, invalid, UndoStack } from "../../lib/index.ts";
import { changeHostsFile } from "../../network/dns/index.ts";
import type { Endpoint, NetworkRecord } from "../../network/index.ts";
import type { EndpointSettings, NetworkConnectBody, NetworkDisconnectBody } from "../../spec/api/index.ts";
import { type Container, isAutoRemoved } from "../containers/container.ts";
import type { ContainersContext } from "../containers/context.ts";
import { parseNetworkMode, planNetwork } from "../containers/create/network-mode.ts";
import { attachmentsOf, networkNamed, publishNames } from "../containers/network/attachments.ts";
import { allocate, plugOf, routesOf } from "../containers/network/sandbox.ts";
import { emitNetwork } from "../containers/network-events.ts";
import { etcFile, rewriteResolvConf, serveNames } from "../containers/start/etc-files.ts";

/** POST /networks/{id}/connect. A container that does not run joins when it starts. */
export function connectNetwork(
  context: ContainersContext,
  network: NetworkRecord,
  body: NetworkConnectBody,
): Promise<void> {
  const container = context.registry.find(body.Container ?? "");
  return container.queue(async () => {
    checkConnect(context, container, network);
    const { networking } = planNetwork(
      {},
      { NetworkMode: network.name },
      { EndpointsConfig: { [network.name]: body.EndpointConfig ?? {} } },
    );
    const settings = networking.EndpointsConfig?.[network.name] ?? {};
    const before = container.record;
    const undo = new UndoStack();
    try {
      container.record = withEndpoint(container, network.name, settings);
      undo.push("forget the network", () => {
        container.record = before;
      });
      if (container.sandbox !== undefined && container.run !== undefined)
        await join(context, container, network, settings, undo);
      await context.records.save(container.record, { durable: !isAutoRemoved(container) });
    } catch (error) {
      for (const failure of await undo.unwind()) context.warn(failure.message);
      throw error;
    }
    if (container.run !== undefined) emitNetwork(context, container, "connect", eventOf(network));
  });
}

const eventOf = ({ id, name, driver }: NetworkRecord) => ({ id, name, type: driver });

function checkConnect(context: ContainersContext, container: Container, network: NetworkRecord): void {
  const mode = parseNetworkMode(container.record.hostConfig.NetworkMode ?? "");
  if (mode.kind === "container" || mode.kind === "host" || network.driver === "host")
    throw new BerthError(
      "forbidden",
      "container sharing network namespace with another container or host cannot be connected to any other network",
    );
  const present = attachmentsOf(container);
  if (network.driver === "null" || (mode.kind === "none" && present.some(({ ref }) => ref === "none")))
    throw new BerthError(
      "forbidden",
      "container cannot be connected to multiple networks with one of the networks in private (none) mode",
    );
  if (container.phase !== "kept" || container.state.status === "dead")
    throw conflict(`container ${container.id} is marked for removal and cannot be connected to a network`);
  if (present.some(({ ref }) => networkNamed(context, ref)?.id === network.id) && isOn(container, network))
    throw new BerthError(
      "forbidden",
      `endpoint with name ${container.record.name} already exists in network ${network.name}`,
    );
}

/** A container that does not run is on what its record names. */
const isOn = ({ sandbox }: Container, { id }: NetworkRecord) =>
  sandbox === undefined || sandbox.endpoints.some((endpoint) => endpoint.network === id);

function withEndpoint({ record }: Container, name: string, settings: EndpointSettings): Container["record"] {
  const endpoints = { ...record.networkingConfig.EndpointsConfig, [name]: settings };
  return { ...record, networkingConfig: { EndpointsConfig: endpoints } };
}

async function join(
  context: ContainersContext,
  container: Container,
  network: NetworkRecord,
  settings: EndpointSettings,
  undo: UndoStack,
): Promise<void> {
  const { sandbox, run } = container;
  if (sandbox === undefined || run === undefined) return;
  const endpoint = allocate(context, sandbox, network, settings);
  sandbox.endpoints.push(endpoint);
  undo.push("release the address", () => {
    sandbox.endpoints = sandbox.endpoints.filter((each) => each !== endpoint);
    context.networking.release(endpoint);
  });
  const plug = plugOf(context, sandbox, network, endpoint);
  const routes = routesOf(context, container).filter(({ id }) => id === endpoint.id);
  context.networking.plug(run.handle.pid, [plug], routes);
  undo.push("take the interface away", () => context.networking.unplug(endpoint, run.handle.pid));
  await settle(context, container, [], [endpoint]);
}

/** What follows from other endpoints: names, files, run state. */
async function settle(
  context: ContainersContext,
  container: Container,
  removed: readonly Endpoint[],
  added: readonly Endpoint[],
): Promise<void> {
  const { run, sandbox } = container;
  if (run === undefined || sandbox === undefined) return;
  publishNames(context, container);
  serveNames(context, container, run.handle.pid);
  await rewriteResolvConf(context, container);
  const path = etcFile(context, container, "hosts");
  const { Hostname: hostname = "", Domainname: domainname = "" } = container.record.config;
  const addresses = (list: readonly Endpoint[]) =>
    list.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]).filter((each) => each !== "");
  const text = await readFile(path, "utf8");
  await writeFile(path, changeHostsFile(text, { hostname, domainname }, addresses(removed), addresses(added)));
  run.sandbox = sandbox;
  const { schema, bootId, handle, volumes, pinned } = run;
  await context.runs.save(container.id, { schema, bootId, handle, volumes, pinned, sandbox });
}

/** POST /networks/{id}/disconnect. */
export function disconnectNetwork(
  context: ContainersContext,
  network: NetworkRecord,
  body: NetworkDisconnectBody,
): Promise<void> {
  const container = context.registry.find(body.Container ?? "");
  return container.queue(async () => {
    if (network.driver === "host")
      throw invalid("container cannot be disconnected from host network or connected to host network");
    const attachment = attachmentsOf(container).find(({ ref }) => networkNamed(context, ref)?.id === network.id);
    if (attachment === undefined)
      throw new BerthError("forbidden", `container ${container.id} is not connected to network ${network.name}`);
    await leave(context, container, network);
    const { [attachment.ref]: _gone, ...rest } = container.record.networkingConfig.EndpointsConfig ?? {};
    // Without any network the record still has to say so.
    const endpoints = Object.keys(rest).length === 0 ? { none: {} } : rest;
    container.record = { ...container.record, networkingConfig: { EndpointsConfig: endpoints } };
    await context.records.save(container.record, { durable: !isAutoRemoved(container) });
    if (container.run !== undefined) emitNetwork(context, container, "disconnect", eventOf(network));
  });
}

async function leave(context: ContainersContext, container: Container, network: NetworkRecord): Promise<void> {
  const { sandbox, run } = container;
  const endpoint = sandbox?.endpoints.find((each) => each.network === network.id);
  if (sandbox === undefined || run === undefined || endpoint === undefined) return;
  const ports = sandbox.ports.filter((port) => port.network === network.id);
  sandbox.ports = sandbox.ports.filter((port) => port.network !== network.id);
  await context.networking.unpublish(ports);
  sandbox.endpoints = sandbox.endpoints.filter((each) => each !== endpoint);
  await context.networking.unplug(endpoint, run.handle.pid);
  context.networking.release(endpoint);
  const routes = routesOf(context, container);
  if (routes.length > 0) context.networking.reroute(run.handle.pid, routes);
  await settle(context, container, [endpoint], []);
}
