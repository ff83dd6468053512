import { randomFillSync } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { sendTo } from "../../../system/sockets/index.ts";
import type { UpstreamServer } from "../names/index.ts";
import { answersQuery, type Query } from "../wire/index.ts";
import type { AskListener } from "./exchange.ts";
import { serverKey } from "./try-order.ts";

/** A source port is left after so many questions or so long, so that nobody can aim at it. */
const questionsLimit = 64;
const ageLimitMs = 2000;
/** How long a channel that takes no new questions is kept for answers. */
const lingerMs = 15_000;

interface Pending {
  readonly sent: Buffer;
  readonly id: number;
  readonly questionEnd: number;
  readonly listener: AskListener;
}

/** UDP questions to upstream servers: few sockets, each connected to one server, each question with an id of its own. */
export interface DatagramChannels {
  /** Sends `packet`, a query whose id is replaced and given back to the answer. */
  ask(server: UpstreamServer, packet: Buffer, query: Query, listener: AskListener): () => void;
  close(): void;
}

/** `connect` makes a connected UDP socket in the right namespace; it throws where there is no way to the server. */
export function createDatagramChannels(connect: (server: UpstreamServer) => number): DatagramChannels {
  const current = new Map<string, Channel>();
  const all = new Set<Channel>();
  const channelTo = (server: UpstreamServer) => {
    const key = serverKey(server);
    const known = current.get(key);
    if (known?.usable()) return known;
    known?.retire();
    const channel: Channel = openChannel(connect(server), server, () => {
      all.delete(channel);
      if (current.get(key) === channel) current.delete(key);
    });
    all.add(channel);
    current.set(key, channel);
    return channel;
  };
  return {
    ask(server, packet, query, listener) {
      try {
        return channelTo(server).ask(packet, query, listener);
      } catch {
        const soon = setImmediate(() => listener.failed());
        return () => clearImmediate(soon);
      }
    },
    close() {
      for (const channel of all) channel.close();
    },
  };
}

interface Channel {
  usable(): boolean;
  ask(packet: Buffer, query: Query, listener: AskListener): () => void;
  /** Takes no more questions; closes when none is open. */
  retire(): void;
  close(): void;
}

function openChannel(fd: number, server: UpstreamServer, onClose: () => void): Channel {
  const socket = adopt(fd, isIPv6(server.address.split("%")[0] ?? "") ? "udp6" : "udp4");
  const pending = new Map<number, Pending>();
  const born = performance.now();
  let asked = 0;
  let open = true;
  let retired: NodeJS.Timeout | undefined;
  const close = () => {
    if (!open) return;
    open = false;
    clearTimeout(retired);
    clearTimeout(idle);
    socket.close();
    onClose();
  };
  const retire = () => {
    retired ??= setTimeout(close, lingerMs).unref();
    if (pending.size === 0) close();
  };
  const idle = setTimeout(retire, ageLimitMs).unref();
  const forget = (id: number) => {
    pending.delete(id);
    if (retired !== undefined && pending.size === 0) close();
  };

  socket.on("message", (reply) => {
    const found = reply.length < 2 ? undefined : pending.get(reply.readUInt16BE(0));
    if (found === undefined || !answersQuery(reply, found.sent, found.questionEnd)) return;
    forget(reply.readUInt16BE(0));
    reply.writeUInt16BE(found.id, 0);
    found.listener.reply(reply);
  });
  // What one ICMP message says counts for every question there.
  socket.on("error", () => {
    const failed = [...pending.values()];
    pending.clear();
    retire();
    for (const { listener } of failed) listener.failed();
  });

  return {
    usable: () => open && retired === undefined && asked < questionsLimit && performance.now() - born < ageLimitMs,
    ask(packet, query, listener) {
      const sent = Buffer.from(packet);
      const id = freshId(pending);
      sent.writeUInt16BE(id, 0);
      asked++;
      pending.set(id, { sent, id: query.id, questionEnd: query.questionEnd, listener });
      // A packet that is not taken is as good as lost: the next try follows.
      sendTo(fd, sent, undefined);
      return () => {
        if (pending.get(id)?.listener === listener) forget(id);
      };
    },
    retire,
    close,
  };
}

function adopt(fd: number, type: "udp4" | "udp6"): Socket {
  const socket = createSocket(type);
  socket.bind({ fd, exclusive: true });
  return socket.unref();
}

const random = new Uint16Array(2048);
let unused = 0;

function freshId(taken: ReadonlyMap<number, unknown>): number {
  for (;;) {
    if (unused === 0) {
      randomFillSync(random);
      unused = random.length;
    }
    const id = random[--unused] ?? 0;
    if (!taken.has(id)) return id;
  }
}
