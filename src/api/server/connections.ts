import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** The open connections of all listeners, and which of them a request is in the hands of. */
export interface Connections {
  /** Takes note of a connection until it is closed. */
  add(socket: Socket): void;
  /** Takes note of what becomes a TLS connection, until the TLS connection from the same peer is added. */
  addHandshake(socket: Socket): void;
  /** A request has begun on the connection. The returned function says that it is over; it may be called twice. */
  begin(socket: Duplex): () => void;
  /** Closes the connections without a request at once, the others when theirs is over. */
  drain(): void;
  destroyAll(): void;
}

export function createConnections(): Connections {
  /** Requests in hand, by connection. */
  const open = new Map<Duplex, number>();
  /** By the peer's address: the TLS connection is another object. */
  const handshakes = new Map<string, Socket>();
  let draining = false;

  const settle = (socket: Duplex) => {
    // what was written is still sent; a stream that has left HTTP closes itself when both sides are done
    if (draining && open.get(socket) === 0) (socket as Partial<Socket>).destroySoon?.();
  };
  return {
    addHandshake(socket) {
      const peer = peerOf(socket);
      handshakes.set(peer, socket);
      socket.on("close", () => handshakes.delete(peer));
    },
    add(socket) {
      handshakes.delete(peerOf(socket));
      open.set(socket, 0);
      socket.on("close", () => open.delete(socket));
      settle(socket);
    },
    begin(socket) {
      const change = (by: number) => {
        const count = open.get(socket);
        if (count !== undefined) open.set(socket, count + by);
      };
      change(1);
      let over = false;
      return () => {
        if (over) return;
        over = true;
        change(-1);
        settle(socket);
      };
    },
    drain() {
      draining = true;
      for (const socket of handshakes.values()) socket.destroy();
      for (const socket of open.keys()) settle(socket);
    },
    destroyAll() {
      for (const socket of open.keys()) socket.destroy();
    },
  };
}

const peerOf = (socket: Socket) => `${socket.remoteAddress} ${socket.remotePort} ${socket.localPort}`;
