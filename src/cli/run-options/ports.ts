import { parseCsv } from "../../lib/flags/index.ts";
import type { GoSet, PortBinding } from "../../spec/api/index.ts";
import { builtin } from "../core/builtin.ts";
import { CliError } from "../core/cli-error.ts";

export interface Ports {
  exposed: GoSet;
  bindings: Record<string, PortBinding[]>;
}

const PROTOCOLS = new Set(["tcp", "udp", "sctp"]);

/** `-p` and `--expose` values as the API's two maps. Throws CliError with Docker's texts. */
export function parsePorts(publish: readonly string[], expose: readonly string[]): Ports {
  const ports: Ports = { exposed: {}, bindings: {} };
  for (const spec of publish) addPublished(ports, spec.includes("=") ? longForm(spec) : spec);
  for (const spec of expose) addExposed(ports, spec);
  return ports;
}

/** "target=80,published=8080,protocol=tcp" in the short form. */
function longForm(spec: string): string {
  const values: Record<string, string> = {};
  for (const field of parseCsv(spec)) {
    const [name = "", value] = field.split("=", 2);
    if (value === undefined || value === "")
      throw new CliError(`invalid publish opts format (should be name=value but got '${field}')`);
    values[name] = value;
  }
  const { published = "", target = "", protocol = "tcp" } = values;
  return `${published}:${target}/${protocol}`;
}

function range(text: string): [number, number] | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  return last < first || last > 65535 ? undefined : [first, last];
}

interface Spec {
  ip: string;
  host: string;
  container: string;
  protocol: string;
}

function splitSpec(spec: string): Spec {
  const slash = spec.lastIndexOf("/");
  const protocol = slash < 0 ? "tcp" : spec.slice(slash + 1);
  const address = slash < 0 ? spec : spec.slice(0, slash);
  const parts = address.split(":");
  const container = parts.pop() ?? "";
  const host = parts.pop() ?? "";
  return { ip: parts.join(":"), host, container, protocol: protocol || "tcp" };
}

function bindingIp(ip: string): string {
  const bare = /^\[.*\]$/.test(ip) ? ip.slice(1, -1) : ip;
  if (bare !== "" && builtin.isIP(bare) === 0) throw new CliError(`invalid IP address: ${bare}`);
  return bare;
}

function addPublished(ports: Ports, spec: string): void {
  const { ip, host, container, protocol } = splitSpec(spec);
  const address = bindingIp(ip);
  if (container === "") throw new CliError(`no port specified: ${spec}<empty>`);
  const inside = range(container);
  if (inside === undefined) throw new CliError(`invalid containerPort: ${container}`);
  const outside = host === "" ? undefined : range(host);
  if (host !== "" && outside === undefined) throw new CliError(`invalid hostPort: ${host}`);
  const count = inside[1] - inside[0];
  const sameSize = outside === undefined || outside[1] - outside[0] === count;
  // One container port may take any of a range of host ports.
  if (!sameSize && count !== 0)
    throw new CliError(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
  if (!PROTOCOLS.has(protocol.toLowerCase())) throw new CliError(`invalid proto: ${protocol}`);
  for (let offset = 0; offset <= count; offset++) {
    const key = `${inside[0] + offset}/${protocol.toLowerCase()}`;
    const hostPort = outside === undefined ? "" : sameSize ? String(outside[0] + offset) : host;
    ports.exposed[key] = {};
    ports.bindings[key] = [...(ports.bindings[key] ?? []), { HostIp: address, HostPort: hostPort }];
  }
}

function addExposed(ports: Ports, spec: string): void {
  if (spec.includes(":")) throw new CliError(`invalid port format for --expose: ${spec}`);
  const [port = "", protocol = "tcp"] = spec.split("/", 2);
  const span = range(port);
  if (span === undefined) throw new CliError(`invalid range format for --expose: ${spec}, error: ${rangeError(port)}`);
  for (let number = span[0]; number <= span[1]; number++) ports.exposed[`${number}/${protocol.toLowerCase()}`] = {};
}

/** Why a text is no range of ports, in Go's words. */
function rangeError(text: string): string {
  if (text === "") return "empty string specified for ports";
  const part = text.split("-", 2).find((number) => !/^\d{1,5}$/.test(number) || Number(number) > 65535);
  if (part === undefined) return `invalid range specified for port: ${text}`;
  const why = /^\d+$/.test(part) ? "value out of range" : "invalid syntax";
  return `strconv.ParseUint: parsing ${JSON.stringify(part)}: ${why}`;
}
