import { readFileSync } from "node:fs";
import { connect } from "node:net";
import type { ContainerInspect } from "../../spec/api/index.ts";

const LISTEN = "0A";
/** Milliseconds after which a connection counts as refused. */
const PATIENCE = 1000;

/** Whether text of /proc/PID/net/tcp or tcp6 has a socket that listens on the port. */
export function listensOn(text: string, port: number): boolean {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return text.split("\n").some((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    return state === LISTEN && local.endsWith(suffix);
  });
}

/**
 * Whether something listens on the port of a container: by the kernel's list where the container is on this machine,
 * otherwise by connecting to its addresses and to the port that it is published at.
 */
export async function isListening(container: ContainerInspect, port: number): Promise<boolean> {
  const seen = kernelSays(container, port);
  if (seen !== undefined) return seen;
  for (const { host, port: at } of addressesOf(container, port)) if (await accepts(host, at)) return true;
  return false;
}

/** Undefined where the pid is not this machine's: its control group then does not name the container. */
function kernelSays({ Id: id, State }: ContainerInspect, port: number): boolean | undefined {
  try {
    const folder = `/proc/${State.Pid}`;
    if (State.Pid <= 0 || !readFileSync(`${folder}/cgroup`, "utf8").includes(id)) return undefined;
    return ["tcp", "tcp6"].some((name) => listensOn(readOptional(`${folder}/net/${name}`), port));
  } catch {
    return undefined;
  }
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function addressesOf({ NetworkSettings: settings }: ContainerInspect, port: number): { host: string; port: number }[] {
  const own = Object.values(settings.Networks).flatMap(({ IPAddress: four, GlobalIPv6Address: six }) => [four, six]);
  const published = settings.Ports?.[`${port}/tcp`] ?? [];
  return [
    ...own.flatMap((host) => (host ? [{ host, port }] : [])),
    ...(published ?? []).map(({ HostIp: host = "", HostPort: at = "" }) => ({
      host: host === "" || host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host,
      port: Number(at),
    })),
  ];
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PATIENCE });
    const done = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => done(true)).once("error", () => done(false));
    socket.once("timeout", () => done(false));
  });
}
