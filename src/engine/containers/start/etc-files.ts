import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ResolvedMount } from "../../../runtime/index.ts";
import { bindMount } from "../../../runtime/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { parseNetworkMode } from "../create/network-mode.ts";
import { hostsText, resolvText } from "./network-files.ts";

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
  const onHost = mode.kind === "host";
  const { dns } = context.settings;
  const choice = {
    servers: hostConfig.Dns?.length ? hostConfig.Dns : dns.servers,
    search: hostConfig.DnsSearch?.length ? hostConfig.DnsSearch : dns.search,
    options: hostConfig.DnsOptions?.length ? hostConfig.DnsOptions : dns.options,
  };
  const [hosts, resolv] = await Promise.all([
    onHost ? hostFile("/etc/hosts") : undefined,
    hostFile("/etc/resolv.conf"),
  ]);
  const put = (name: (typeof NAMES)[number], text: string) =>
    writeFile(join(context.records.folder(id), name), text, { mode: 0o644 });
  await Promise.all([
    put("hostname", `${config.Hostname ?? ""}\n`),
    put("hosts", hostsText(hostConfig.ExtraHosts ?? [], hosts)),
    put("resolv.conf", resolvText(resolv, choice, !onHost)),
  ]);
}

async function hostFile(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
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
