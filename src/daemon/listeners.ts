import { readFileSync } from "node:fs";
import type { ApiServer, EndpointOptions } from "../api/server/index.ts";
import { formatHost, type Host, isLoopback, listen } from "../api/transport/index.ts";
import { doing, invalid } from "../lib/index.ts";
import type { DaemonConfig, TlsConfig } from "./config.ts";
import type { Logger } from "./logger.ts";

/** Opens every configured address. Fails on the first that cannot be opened; closing the API closes the others. */
export async function openListeners(api: ApiServer, config: DaemonConfig, log: Logger): Promise<void> {
  const gid = groupId(config.group, log);
  const tls = config.tls === undefined ? undefined : readTls(config.tls);
  for (const host of config.hosts) {
    const address = await listen(api.endpoint(endpointFor(host, config, tls)), host, gid === undefined ? {} : { gid });
    warnIfReachable(address, config, log);
    log.info(`API listen on ${address.kind === "unix" ? address.path : formatHost(address)}`);
  }
}

function endpointFor(host: Host, config: DaemonConfig, tls: EndpointOptions["tls"]): EndpointOptions {
  if (host.kind === "unix") return { exposure: "trusted" };
  const exposure = config.tls?.verify === true ? "trusted" : "open";
  return tls === undefined ? { exposure } : { exposure, tls };
}

function warnIfReachable(host: Host, config: DaemonConfig, log: Logger): void {
  if (host.kind !== "tcp" || config.tls?.verify === true) return;
  const address = formatHost(host);
  if (isLoopback(host.host))
    log.warn(`every user of this machine has root through ${address}: no client certificate is asked for`);
  else
    log.warn(`WARNING: everyone who can reach ${address} has root on this machine: no client certificate is asked for`);
}

function readTls(tls: TlsConfig): NonNullable<EndpointOptions["tls"]> {
  const read = (path: string, what: string) => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw doing(`could not read the TLS ${what}`, error);
    }
  };
  return {
    cert: read(tls.cert, "certificate"),
    key: read(tls.key, "key"),
    minVersion: "TLSv1.2",
    ...(tls.verify ? { ca: read(tls.ca, "CA certificate"), requestCert: true, rejectUnauthorized: true } : {}),
  };
}

/** The gid of the socket's group: the one that was named, else docker's or berth's where the machine has one. */
function groupId(name: string | undefined, log: Logger): number | undefined {
  const groups = readGroups();
  if (name === undefined) return groups.get("docker") ?? groups.get("berth");
  const gid = /^\d+$/.test(name) ? Number(name) : groups.get(name);
  if (gid !== undefined) return gid;
  // dockerd's default, named by habit
  if (name !== "docker") throw invalid(`group ${name} not found`);
  log.warn("could not change group of the socket to docker: group docker not found");
  return undefined;
}

function readGroups(): Map<string, number> {
  const lines = readFileSync("/etc/group", "utf8").split("\n");
  return new Map(lines.map((line) => line.split(":")).map(([name = "", , gid]) => [name, Number(gid)]));
}
