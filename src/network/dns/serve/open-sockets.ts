import { closeSync } from "node:fs";
import { codeOf } from "../../../system/index.ts";
import { bindDatagram, bindListener, sendNetfilterBatch } from "../../../system/sockets/index.ts";
import {
  findRedirectMessage,
  type RedirectPorts,
  type RedirectTable,
  redirectBatch,
  removeRedirectBatch,
} from "../redirect/redirect-batch.ts";

/** Where the server is in every container, as Docker's. */
export const NAME_SERVER_ADDRESS = "127.0.0.11";

const ADDRESS_BYTES = [127, 0, 0, 11];
const dnsPort = 53;
/** Outside the range from which the kernel takes ports for connections. */
const preferredPort = 61_053;
const receiveBuffer = 512 * 1024;
const backlog = 128;

export interface ServerSockets {
  readonly udp: number;
  readonly tcp: number;
  /** False: port 53 itself is taken, so that the container's own servers cannot have 0.0.0.0:53. */
  readonly redirected: boolean;
}

/**
 * Opens the server's two sockets in the present network namespace, on a port of its own to which port 53 of its address
 * leads, or on port 53 where nf_tables is missing. Synchronous, without waiting. Throws a SyscallError where a port is
 * taken in that last case.
 */
export function openServerSockets(): ServerSockets {
  return redirectedSockets() ?? { ...bindBoth(dnsPort), redirected: false };
}

function redirectedSockets(): ServerSockets | undefined {
  const sockets = tryBind(preferredPort) ?? bindBoth(0);
  try {
    redirect(sockets.ports);
    return { ...sockets, redirected: true };
  } catch {
    closeBoth(sockets);
    return undefined;
  }
}

type BothSockets = { readonly udp: number; readonly tcp: number; readonly ports: RedirectPorts };

/**
 * The table for the preferred port has a name that says so: where it is there already (left by a daemon that ended), it
 * is right as it is. That costs nothing, whereas taking a table away costs the kernel a few milliseconds.
 */
function redirect(ports: RedirectPorts): void {
  const preferred = ports.udp === preferredPort && ports.tcp === preferredPort;
  const [wanted, other] = preferred
    ? (["berth_dns", "berth_dns_other"] as const)
    : (["berth_dns_other", "berth_dns"] as const);
  const found = exists(wanted);
  if (!preferred || !found) sendNetfilterBatch(redirectBatch(wanted, ADDRESS_BYTES, ports, found));
  if (exists(other)) sendNetfilterBatch(removeRedirectBatch(other));
}

function exists(table: RedirectTable): boolean {
  try {
    sendNetfilterBatch(findRedirectMessage(table));
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

function tryBind(port: number): BothSockets | undefined {
  try {
    return bindBoth(port);
  } catch {
    return undefined;
  }
}

function bindBoth(port: number): BothSockets {
  const udp = bindDatagram({ address: NAME_SERVER_ADDRESS, port }, receiveBuffer);
  try {
    const tcp = bindListener({ address: NAME_SERVER_ADDRESS, port }, backlog);
    return { udp: udp.fd, tcp: tcp.fd, ports: { udp: udp.port, tcp: tcp.port } };
  } catch (error) {
    closeSync(udp.fd);
    throw error;
  }
}

function closeBoth({ udp, tcp }: BothSockets): void {
  closeSync(udp);
  closeSync(tcp);
}
