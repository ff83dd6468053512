import { invalid } from "../../lib/index.ts";
import type { ContainerConfig, HostConfig } from "../../spec/api/index.ts";
import { parseAddress } from "../address.ts";
import type { Protocol } from "../network.ts";

/** One wish for a port of the host. */
export interface PortRequest {
  readonly protocol: Protocol;
  readonly containerPort: number;
  /** "" for wherever ports are published by default. */
  readonly hostIp: string;
  /** First and last port that will do; undefined for any free one. */
  readonly range: readonly [number, number] | undefined;
}

/** "80/tcp" as its parts. Throws "invalid" with Docker's texts. */
export function parsePort(text: string): { port: number; protocol: Protocol } {
  const [number = "", protocol = "tcp"] = text.split("/", 2);
  const port = Number(number);
  if (!/^\d{1,5}$/.test(number) || port > 65535) throw invalid(`invalid port specification: ${JSON.stringify(number)}`);
  const name = protocol.toLowerCase();
  if (name !== "tcp" && name !== "udp" && name !== "sctp") throw invalid(`invalid proto: ${protocol}`);
  return { port, protocol: name };
}

/** What a container asks to be published, in the order of its ports. Pure. */
export function planPorts(config: ContainerConfig, hostConfig: HostConfig): PortRequest[] {
  const requests: PortRequest[] = [];
  const bindings = hostConfig.PortBindings ?? {};
  for (const [key, list] of Object.entries(bindings)) {
    const { port: containerPort, protocol } = parsePort(key);
    for (const { HostIp: ip = "", HostPort: hostPort = "" } of list?.length ? list : [{}]) {
      const hostIp = ip.replace(/^\[|\]$/g, "");
      if (hostIp !== "" && parseAddress(hostIp) === undefined) throw invalid(`invalid IP address: ${ip}`);
      requests.push({ protocol, containerPort, hostIp, range: rangeOf(hostPort) });
    }
  }
  if (hostConfig.PublishAllPorts === true)
    for (const key of Object.keys(config.ExposedPorts ?? {})) {
      if (Object.hasOwn(bindings, key)) continue;
      const { port: containerPort, protocol } = parsePort(key);
      requests.push({ protocol, containerPort, hostIp: "", range: undefined });
    }
  // Those that name their port come first: nothing chosen freely may take it.
  return requests.sort(
    (a, b) => Number(a.range === undefined) - Number(b.range === undefined) || a.containerPort - b.containerPort,
  );
}

function rangeOf(text: string): readonly [number, number] | undefined {
  if (text === "" || text === "0") return undefined;
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = match?.[2] === undefined ? first : Number(match[2]);
  if (match === null || last > 65535 || last < first)
    throw invalid(`invalid port specification: ${JSON.stringify(text)}`);
  return [first, last];
}
