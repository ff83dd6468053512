import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { containerResolvConf, hostsFile, NAME_SERVER_ADDRESS, type ResolverKind } from "../../../network/dns/index.ts";
import type { ResolvedMount } from "../../../runtime/index.ts";
import { bindMount } from "../../../runtime/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { isUserDefined, parseNetworkMode } from "../create/network-mode.ts";
import { joinedBy, namedEndpoints } from "../network/attachments.ts";
import { linkHosts } from "../network/links.ts";

const NAMES = ["hostname", "hosts", "resolv.conf"] as const;

/** Where the three files of a container are; those of --network container:x are that container's. */
export function etcFile(context: ContainersContext, container: Container, name: (typeof NAMES)[number]): string {
  const mode = parseNetworkMode(container.record.hostConfig.NetworkMode ?? "");
  const owner = mode.kind === "container" ? (context.registry.get(mode.ref)?.id ?? container.id) : container.id;
  return join(context.records.folder(owner), name);
}

/** Writes the files that the container has of its own. */
export async function writeEtcFiles(context: ContainersContext, container: Container): Promise<void> {
  const { config, hostConfig, id } = container.record;
  const mode = parseNetworkMode(hostConfig.NetworkMode ?? "");
  if (mode.kind === "container") return;
  const put = (name: (typeof NAMES)[number], text: string) =>
    writeFile(join(context.records.folder(id), name), text, { mode: 0o644 });
  const { text: resolv } = resolvConfOf(context, container);
  await Promise.all([
    put("hostname", `${config.Hostname ?? ""}\n`),
    put("hosts", mode.kind === "host" ? await hostHosts(context, container) : hostsOf(context, container)),
    put("resolv.conf", resolv),
  ]);
}

/** The host's own file, and what the user adds. */
async function hostHosts(context: ContainersContext, container: Container): Promise<string> {
  const host = await readFile("/etc/hosts", "utf8").catch(() => "");
  const own = hostsFile({ ...hostsOptions(context, container), addresses: [], ipv6: true });
  const added = own.slice(
    hostsFile({ ...hostsOptions(context, container), extraHosts: [], addresses: [], ipv6: true }).length,
  );
  return (host === "" || host.endsWith("\n") ? host : `${host}\n`) + added;
}

function hostsOptions(context: ContainersContext, { record: { config, hostConfig } }: Container) {
  return {
    hostname: config.Hostname ?? "",
    domainname: config.Domainname ?? "",
    extraHosts: hostConfig.ExtraHosts ?? [],
    hostGateway: context.networking.hostGateways(),
  };
}

function hostsOf(context: ContainersContext, container: Container): string {
  const endpoints = container.sandbox?.endpoints ?? [];
  const addresses = endpoints.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]).filter((address) => address !== "");
  const options = hostsOptions(context, container);
  const extraHosts = [...options.extraHosts, ...linkHosts(context, container)];
  return hostsFile({ ...options, extraHosts, addresses, ipv6: true });
}

function resolvConfOf(context: ContainersContext, container: Container) {
  const { hostConfig } = container.record;
  const { dns } = context.settings;
  const choice = {
    servers: hostConfig.Dns?.length ? hostConfig.Dns : dns.servers,
    search: hostConfig.DnsSearch?.length ? hostConfig.DnsSearch : dns.search,
    options: hostConfig.DnsOptions?.length ? hostConfig.DnsOptions : dns.options,
  };
  const kind = resolverKind(context, container);
  const ipv6 = container.sandbox?.endpoints.some((endpoint) => endpoint.ipv6 !== "") ?? false;
  const host = context.names.resolver.text(kind === "bridge");
  return { ...containerResolvConf(host, choice, kind, ipv6), own: choice.servers.length > 0 };
}

function resolverKind(context: ContainersContext, container: Container): ResolverKind {
  if (container.record.hostConfig.NetworkMode === "host") return "host";
  const named = joinedBy(context, container).some(({ network }) => isUserDefined(network.name));
  return named ? { nameServer: NAME_SERVER_ADDRESS } : "bridge";
}

/** Begins to answer the container's questions for names, where it is on a network that has some. */
export function serveNames(context: ContainersContext, container: Container, pid: number): void {
  if (namedEndpoints(context, container).length === 0) return;
  const { upstreams, own } = resolvConfOf(context, container);
  context.names.serve(container.id, pid, {
    networks: () => namedEndpoints(context, container),
    upstreams: () => ({
      ...(own ? upstreams : context.names.resolver.upstreams()),
      external: joinedBy(context, container).some(({ network }) => !network.internal),
    }),
  });
}

/** The binds of the three files, except where the user mounts something in their place. */
export function etcMounts(
  context: ContainersContext,
  container: Container,
  taken: ReadonlySet<string>,
): ResolvedMount[] {
  const readOnly = container.record.hostConfig.ReadonlyRootfs === true;
  return NAMES.map((name) => ({ name, destination: `/etc/${name}` }))
    .filter(({ destination }) => !taken.has(destination))
    .map(({ name, destination }) =>
      bindMount({ source: etcFile(context, container, name), destination, readOnly }, context.machine),
    );
}

/** Brings resolv.conf in line with the networks that a running container is on now. The file stays the same one: it is bound. */
export async function rewriteResolvConf(context: ContainersContext, container: Container): Promise<void> {
  await writeFile(etcFile(context, container, "resolv.conf"), resolvConfOf(context, container).text);
}
