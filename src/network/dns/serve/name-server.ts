import { closeSync, openSync } from "node:fs";
import { doing, messageOf } from "../../../lib/index.ts";
import { inNetworkNamespace } from "../../../system/netlink/index.ts";
import { createForwarder, createSharedForwarding, type SharedForwarding } from "../forward/index.ts";
import type { NameView } from "../names/index.ts";
import { serveDatagrams } from "./datagram-front.ts";
import { openServerSockets, type ServerSockets } from "./open-sockets.ts";
import { serveStreams } from "./stream-front.ts";

const warningEveryMs = 10_000;

export interface NameServerOptions {
  /** Told of what goes wrong inside, at most every ten seconds. */
  readonly warn?: (message: string) => void;
}

export interface ServeOptions {
  readonly containerId: string;
  /** The container's network namespace: /proc/PID/ns/net, or a bind of it. Read at once, so the pid must be right now. */
  readonly namespace: string;
  readonly view: NameView;
}

/** The server of one container. It holds the namespace: close it when the container has ended. */
export interface Serving {
  /** Whether the container's own processes may have port 53: see ServerSockets. */
  readonly redirected: boolean;
  close(): void;
}

/** Answers at 127.0.0.11 inside containers. */
export interface NameServer {
  /**
   * Begins to serve a container, at its start or after the daemon's: what an earlier daemon left in the namespace is
   * taken over. A container that is served already is served anew. Synchronous, under a millisecond. Throws where the
   * namespace is gone, or where neither nf_tables nor port 53 can be had.
   */
  serve(options: ServeOptions): Serving;
  /** Ends all of it. */
  close(): void;
}

export function createNameServer({ warn = () => {} }: NameServerOptions = {}): NameServer {
  const shared = createSharedForwarding();
  const served = new Map<string, Serving>();
  const warnSometimes = rarely(warn);
  return {
    serve(options) {
      served.get(options.containerId)?.close();
      const serving = serveContainer(options, shared, (error) => {
        warnSometimes(`name server of container ${options.containerId.slice(0, 12)}: ${messageOf(error)}`);
      });
      const close = () => {
        if (served.get(options.containerId) === handle) served.delete(options.containerId);
        serving.close();
      };
      const handle: Serving = { redirected: serving.redirected, close };
      served.set(options.containerId, handle);
      return handle;
    },
    close() {
      for (const serving of served.values()) serving.close();
      shared.channels.close();
    },
  };
}

function serveContainer(options: ServeOptions, shared: SharedForwarding, warn: (error: unknown) => void): Serving {
  const { namespace, sockets } = openIn(options);
  const forwarder = createForwarder(shared, (work) => inNetworkNamespace(namespace, work));
  const common = { view: options.view, forwarder, warn };
  const fronts = [serveDatagrams({ fd: sockets.udp, ...common }), serveStreams({ fd: sockets.tcp, ...common })];
  let open = true;
  return {
    redirected: sockets.redirected,
    close() {
      if (!open) return;
      open = false;
      for (const front of fronts) front.close();
      forwarder.close();
      closeSync(namespace);
    },
  };
}

function openIn({ containerId, namespace }: ServeOptions): { namespace: number; sockets: ServerSockets } {
  let fd: number | undefined;
  try {
    fd = openSync(namespace, "r");
    return { namespace: fd, sockets: inNetworkNamespace(fd, openServerSockets) };
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw doing(`starting the name server of container ${containerId.slice(0, 12)}`, error);
  }
}

function rarely(warn: (message: string) => void): (message: string) => void {
  let quietUntil = 0;
  return (message) => {
    const now = performance.now();
    if (now < quietUntil) return;
    quietUntil = now + warningEveryMs;
    warn(message);
  };
}
