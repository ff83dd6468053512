/**
 * Internet sockets that Node cannot make itself: opened inside another network namespace, read and answered many packets
 * at a time; and netfilter's netlink. Descriptors are non-blocking and close-on-exec and belong to the caller.
 */
export { createDatagramBatch, type DatagramBatch } from "./datagram-batch.ts";
export {
  bindDatagram,
  bindListener,
  connectDatagram,
  encodeSocketAddress,
  openStream,
  type SocketAddress,
  sendTo,
} from "./inet-socket.ts";
export { sendNetfilterBatch } from "./netfilter-batch.ts";
