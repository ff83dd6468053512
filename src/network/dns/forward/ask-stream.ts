import { Socket } from "node:net";
import type { UpstreamServer } from "../names/index.ts";
import { answersQuery, type Query, TCP_LIMIT } from "../wire/index.ts";
import type { AskListener } from "./exchange.ts";

/**
 * Asks a server over TCP, on a connection for this question alone. `open` makes an unconnected TCP socket in the right
 * namespace. The result ends the connection.
 */
export function askStream(
  open: (server: UpstreamServer) => number,
  server: UpstreamServer,
  packet: Buffer,
  query: Query,
  listener: AskListener,
): () => void {
  let socket: Socket;
  try {
    socket = adoptStream(open(server));
  } catch {
    const soon = setImmediate(() => listener.failed());
    return () => clearImmediate(soon);
  }
  let over = false;
  const end = (reply?: Buffer) => {
    if (over) return;
    over = true;
    socket.destroy();
    if (reply === undefined) listener.failed();
    else listener.reply(reply);
  };
  let received = Buffer.alloc(0);
  socket.on("data", (data) => {
    received = Buffer.concat([received, data]);
    const size = received.length < 2 ? TCP_LIMIT : received.readUInt16BE(0);
    if (received.length < size + 2) return;
    const reply = received.subarray(2, size + 2);
    end(answersQuery(reply, packet, query.questionEnd) ? reply : undefined);
  });
  socket.once("error", () => end());
  socket.once("close", () => end());
  socket.connect(server.port ?? 53, server.address, () => socket.write(framed(packet)));
  return () => {
    over = true;
    socket.destroy();
  };
}

/** A message as TCP carries it: its length in front (RFC 1035 4.2.2). */
export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(message.length + 2);
  bytes.writeUInt16BE(message.length, 0);
  bytes.set(message, 2);
  return bytes;
}

/** A Node socket that will connect through this descriptor; nothing is read before. */
function adoptStream(fd: number): Socket {
  const options = { fd, readable: true, writable: true, manualStart: true };
  return new Socket(options);
}
