import { closeSync, constants, openSync } from "node:fs";
import { basename, dirname } from "node:path";
import { adoptDescriptor } from "./adopt-descriptor.ts";
import { check, codeOf, declare } from "./ffi.ts";

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const F_DUPFD_CLOEXEC = 1030;
const MSG_DONTWAIT = 0x40;
const O_PATH = 0o10000000;
const addressLength = 110;
const pathLimit = 107;

const socket = declare("int socket(int domain, int type, int protocol)");
const connect = declare("int connect(int fd, const void *address, uint32_t length)");
const fcntl = declare("int fcntl(int fd, int command, int argument)");
const recv = declare("intptr_t recv(int fd, void *buffer, size_t length, int flags)");

/** Takes what a packet connection receives. */
export interface PacketReader {
  /** Where the next packet goes; what does not fit is lost, so at least the peer's largest packet. */
  buffer(): Uint8Array;
  /** One packet of `length` bytes is in the buffer last given. False: stop until `resume()`. */
  packet(length: number, buffer: Uint8Array): boolean;
  /** No more packets: the peer has closed, or the connection was destroyed. Called once, after the last packet. */
  end(): void;
}

export interface PacketConnection {
  /** Sends one packet; resolves when the kernel has it, rejects where the peer is gone. One at a time. */
  write(packet: Uint8Array): Promise<void>;
  /** The peer reads end of file; packets still arrive. */
  closeWrite(): void;
  resume(): void;
  destroy(): void;
}

/**
 * Connects to a SEQPACKET socket of the file system, of any path length, without waiting. Throws a SyscallError (ENOENT,
 * ECONNREFUSED; EAGAIN where the listener's queue is full). Two descriptors while it lives.
 */
export function connectSeqpacket(path: string, reader: PacketReader): PacketConnection {
  const fd = connected(path);
  // Node reports the end too early in two cases, and closes: libuv takes a hang-up after a read that did not fill its
  // buffer for the end, which for packets it is not; and where the peer closes with our packets unread, the kernel says
  // ECONNRESET before it hands out what the peer had sent. The second descriptor still has those packets.
  const spare = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (spare < 0) {
    closeSync(fd);
    check("fcntl", spare);
  }
  const stream = adoptDescriptor(fd, {
    onread: { buffer: () => reader.buffer(), callback: (length, buffer) => reader.packet(length, buffer) },
  });
  let over = false;
  const finish = (rest: boolean) => {
    if (over) return;
    over = true;
    stream.destroy();
    if (rest) drain(spare, reader);
    closeSync(spare);
    reader.end();
  };
  stream.once("end", () => finish(true));
  stream.on("error", () => finish(true));
  stream.once("close", () => finish(true));
  stream.resume();
  return {
    write: (packet) =>
      new Promise((resolve, reject) => {
        stream.write(packet, (error) => (error == null ? resolve() : reject(error)));
      }),
    closeWrite: () => void stream.end(),
    resume: () => void stream.resume(),
    destroy: () => finish(false),
  };
}

function connected(path: string): number {
  if (Buffer.byteLength(path) <= pathLimit) return connectTo(path);
  const folder = openSync(dirname(path), constants.O_DIRECTORY | O_PATH);
  try {
    return connectTo(`/proc/self/fd/${folder}/${basename(path)}`);
  } finally {
    closeSync(folder);
  }
}

function connectTo(path: string): number {
  const address = Buffer.alloc(addressLength);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2);
  const fd = check("socket", socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  try {
    check("connect", connect(fd, address, addressLength), path);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Hands on what is still queued, whatever the reader says: no more than the socket's buffer. */
function drain(fd: number, reader: PacketReader): void {
  for (;;) {
    const buffer = reader.buffer();
    const length = recv(fd, buffer, buffer.length, MSG_DONTWAIT);
    if (length === 0) return;
    if (length > 0) {
      reader.packet(length, buffer);
      continue;
    }
    if (recvFailed()) return;
  }
}

/** A pending ECONNRESET is told once and then gone; anything else ends it. */
function recvFailed(): boolean {
  try {
    check("recv", -1);
  } catch (error) {
    return codeOf(error) !== "ECONNRESET";
  }
  return true;
}
