import { createSocket } from "node:dgram";
import { createDatagramBatch, type DatagramBatch, encodeSocketAddress, sendTo } from "../../../system/sockets/index.ts";
import type { Forwarder } from "../forward/index.ts";
import { type NameView, respond } from "../names/index.ts";
import { cutReply, type Query } from "../wire/index.ts";

/** Longer queries are nobody's; answers of the server's own are cut to this. */
const packetLimit = 4096;
const batchSlots = 32;
/** How many packets of one container are answered before others have their turn. */
const turnLimit = 64;

export interface FrontOptions {
  /** A bound or listening socket of the container's namespace, which is the front's from now on. */
  readonly fd: number;
  readonly view: NameView;
  readonly forwarder: Forwarder;
  /** Hears of failures that are faults of ours. */
  readonly warn: (error: unknown) => void;
}

let shared: { batch: DatagramBatch; answer: Buffer } | undefined;

/** All containers take turns with the same buffers: each is done with them before it returns. */
function buffers() {
  shared ??= { batch: createDatagramBatch(batchSlots, packetLimit), answer: Buffer.alloc(packetLimit) };
  return shared;
}

/**
 * Answers UDP queries. Node tells that there are packets and reads the first; the rest are read and answered many at a
 * time, up to a limit for each turn of the event loop, so that a flood from one container delays the others by less than
 * a millisecond. What the socket's buffer cannot hold meanwhile is lost, which is the flooder's own loss.
 */
export function serveDatagrams({ fd, view, forwarder, warn }: FrontOptions): { close(): void } {
  const { batch, answer } = buffers();
  const socket = createSocket("udp4");
  let open = true;
  let thisTurn = 0;

  const pass = async (packet: Buffer, query: Query, sender: Buffer) => {
    const reply = await forwarder.forward(packet, query, view.upstreams(), "udp");
    if (open) sendTo(fd, reply.length > query.udpSize ? cutReply(reply, query.questionEnd) : reply, sender);
  };
  /** The length of the answer in `out`, 0 for none or not yet. */
  const handle = (packet: Buffer, length: number, out: Buffer, sender: () => Buffer): number => {
    try {
      const response = respond(packet, length, view, out, "udp");
      if (response === undefined) return 0;
      if ("length" in response) return response.length;
      pass(Buffer.from(packet.subarray(0, length)), response.forward, sender()).catch(warn);
    } catch (error) {
      warn(error);
    }
    return 0;
  };
  const takeMore = () => {
    const count = thisTurn >= turnLimit ? 0 : batch.receive(fd, batchSlots);
    if (count === 0) return;
    if (thisTurn === 0) setImmediate(() => (thisTurn = 0));
    thisTurn += count;
    for (let index = 0; index < count; index++) {
      const sender = () => Buffer.from(batch.sender(index));
      const length = handle(batch.packet(index), batch.length(index), batch.answer(index), sender);
      if (length > 0) batch.setAnswer(index, length);
    }
    batch.send(fd);
  };

  socket.on("message", (packet, from) => {
    const sender = encodeSender(from.address, from.port);
    const length = handle(packet, packet.length, answer, () => Buffer.from(sender));
    if (length > 0) sendTo(fd, answer.subarray(0, length), sender);
    takeMore();
  });
  // Errors of sending (a client that is gone) come back here, and end nothing.
  socket.on("error", () => {});
  socket.bind({ fd, exclusive: true });
  socket.unref();
  return {
    close() {
      open = false;
      socket.close();
    },
  };
}

let lastAddress = "";
let lastSender: Buffer = Buffer.alloc(0);

/** The same address again and again, mostly: only its port is written anew. Valid until the next call. */
function encodeSender(address: string, port: number): Buffer {
  if (address !== lastAddress) {
    lastSender = encodeSocketAddress({ address, port });
    lastAddress = address;
  }
  lastSender.writeUInt16BE(port, 2);
  return lastSender;
}
