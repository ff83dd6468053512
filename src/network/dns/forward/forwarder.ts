import { connectDatagram, openStream } from "../../../system/sockets/index.ts";
import type { UpstreamServer, Upstreams } from "../names/index.ts";
import { failure, isTruncated, type Query, Rcode } from "../wire/index.ts";
import { askStream } from "./ask-stream.ts";
import { createDatagramChannels, type DatagramChannels } from "./datagram-channels.ts";
import { exchange } from "./exchange.ts";
import { createSlots } from "./slots.ts";
import { serverKey, tryOrder } from "./try-order.ts";

const runningLimit = 256;
const waitingLimit = 1024;
/** Docker waits 4 s for each server; a client gives up after 5 s for all. */
const defaultPatienceMs = 1500;
const totalMs = 10_000;
/** How long a server that did not answer is asked last. */
const slowMs = 15_000;
const slowLimit = 1000;

/** What forwarding for all containers shares: sockets of the host's network, and which servers are slow. */
export interface SharedForwarding {
  readonly channels: DatagramChannels;
  readonly slowUntil: Map<string, number>;
}

/** Asks upstream servers for one container. */
export interface Forwarder {
  /** The answer to `packet` (which is kept), SERVFAIL or REFUSED where there is none; with the packet's id. Never rejects. */
  forward(packet: Buffer, query: Query, upstreams: Upstreams, over: "udp" | "tcp"): Promise<Buffer>;
  close(): void;
}

const at = ({ address, port = 53 }: UpstreamServer) => ({ address, port });

export function createSharedForwarding(): SharedForwarding {
  return { channels: createDatagramChannels((server) => connectDatagram(at(server))), slowUntil: new Map() };
}

/** `inContainer` does synchronous work in the container's network namespace. */
export function createForwarder(shared: SharedForwarding, inContainer: <T>(work: () => T) => T): Forwarder {
  const own = createDatagramChannels((server) => inContainer(() => connectDatagram(at(server))));
  const slots = createSlots(runningLimit, waitingLimit);
  const slow = slowServers(shared.slowUntil);
  const channelsFor = (server: UpstreamServer) => (server.from === "host" ? shared.channels : own);
  const open = (server: UpstreamServer) =>
    server.from === "host" ? openStream(at(server)) : inContainer(() => openStream(at(server)));

  const overDatagrams = (packet: Buffer, query: Query, upstreams: Upstreams) =>
    exchange((server, listener) => channelsFor(server).ask(server, packet, query, listener), {
      tries: tryOrder(upstreams, slow.has),
      patienceMs: upstreams.timeoutMs ?? defaultPatienceMs,
      totalMs,
      onSlow: slow.add,
    });
  const overStream = async (packet: Buffer, query: Query, upstreams: Upstreams) => {
    const reply = await exchange((server, listener) => askStream(open, server, packet, query, listener), {
      tries: tryOrder({ ...upstreams, attempts: 1 }, slow.has),
      patienceMs: upstreams.timeoutMs ?? defaultPatienceMs,
      totalMs,
    });
    if (reply !== undefined) return reply;
    // There are servers that know UDP only, and answer over it at any length.
    const other = await overDatagrams(packet, query, upstreams);
    return other === undefined || isTruncated(other) ? undefined : other;
  };

  return {
    forward: (packet, query, upstreams, over) =>
      new Promise((resolve) => {
        const task = async () => {
          const ask = over === "udp" ? overDatagrams : overStream;
          const reply = await ask(packet, query, upstreams).catch(() => undefined);
          resolve(reply ?? failure(packet, query));
        };
        if (!slots.enter(task)) resolve(failure(packet, query, Rcode.refused));
      }),
    close: () => own.close(),
  };
}

function slowServers(until: Map<string, number>) {
  return {
    has(server: UpstreamServer): boolean {
      const time = until.get(serverKey(server));
      return time !== undefined && time > performance.now();
    },
    add(server: UpstreamServer): void {
      if (until.size >= slowLimit) until.clear();
      until.set(serverKey(server), performance.now() + slowMs);
    },
  };
}
