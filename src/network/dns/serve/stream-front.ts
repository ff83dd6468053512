import { createServer, type Socket } from "node:net";
import { framed } from "../forward/index.ts";
import { type NameView, respond } from "../names/index.ts";
import { TCP_LIMIT } from "../wire/index.ts";
import type { FrontOptions } from "./datagram-front.ts";

const connectionsLimit = 64;
const idleMs = 10_000;
/** How many queries of one connection may wait for upstream servers. */
const waitingLimit = 32;

const answer = Buffer.alloc(TCP_LIMIT);

/** Answers queries over TCP: several on a connection, in the order in which answers are known (RFC 7766). */
export function serveStreams({ fd, view, forwarder, warn }: FrontOptions): { close(): void } {
  const connections = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    socket.on("error", () => {});
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.unref();
    serveConnection(socket, { view, forwarder, warn });
  });
  server.maxConnections = connectionsLimit;
  server.on("error", warn);
  server.listen({ fd, exclusive: true }).unref();
  return {
    close() {
      server.close();
      for (const socket of connections) socket.destroy();
    },
  };
}

function serveConnection(socket: Socket, { view, forwarder, warn }: Omit<FrontOptions, "fd">): void {
  let rest: Buffer = Buffer.alloc(0);
  let waiting = 0;
  let ended = false;
  const forward = async (message: Buffer, query: Parameters<typeof forwarder.forward>[1]) => {
    if (++waiting >= waitingLimit) socket.pause();
    const reply = await forwarder.forward(message, query, view.upstreams(), "tcp");
    waiting--;
    if (socket.destroyed) return;
    socket.write(framed(reply));
    if (ended && waiting === 0) socket.end();
    else socket.resume();
  };
  const handle = (message: Buffer) => {
    const action = answerTo(message, view);
    if (action === undefined) socket.destroy();
    else if (action instanceof Uint8Array) socket.write(action);
    else forward(message, action.forward).catch(warn);
  };
  socket.on("data", (data: Buffer) => {
    rest = rest.length === 0 ? data : Buffer.concat([rest, data]);
    try {
      for (let size = nextSize(rest); size !== undefined && !socket.destroyed; size = nextSize(rest)) {
        handle(Buffer.from(rest.subarray(2, size + 2)));
        rest = rest.subarray(size + 2);
      }
    } catch (error) {
      warn(error);
      socket.destroy();
    }
    // A client that sends and does not read is not read from either.
    if (socket.writableNeedDrain) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  });
  socket.on("end", () => {
    ended = true;
    if (waiting === 0) socket.end();
  });
}

/** The first message's size, where all of it is there. */
function nextSize(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined;
  const size = bytes.readUInt16BE(0);
  return bytes.length < size + 2 ? undefined : size;
}

function answerTo(message: Buffer, view: NameView) {
  const response = respond(message, message.length, view, answer, "tcp");
  if (response === undefined || "forward" in response) return response;
  return framed(answer.subarray(0, response.length));
}
