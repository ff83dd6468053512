import { closeSync } from "node:fs";
import { invalid } from "../../lib/index.ts";
import { addressBytes } from "../../lib/ip/index.ts";
import { check, declare } from "../ffi.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_FREEBIND = 15;
const MSG_NOSIGNAL = 0x4000;

const socket = declare("int socket(int domain, int type, int protocol)");
const bind = declare("int bind(int fd, const void *address, uint32_t length)");
const listen = declare("int listen(int fd, int backlog)");
const connect = declare("int connect(int fd, const void *address, uint32_t length)");
const getsockname = declare("int getsockname(int fd, void *address, void *length)");
const setsockopt = declare("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)");
const sendto = declare(
  "intptr_t sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t addressLength)",
);
const ifNameToIndex = declare("unsigned int if_nametoindex(const char *name)");

export interface SocketAddress {
  /** IPv4 or IPv6, the latter with its zone where it has one (fe80::1%eth0). */
  readonly address: string;
  /** 0: the kernel chooses. */
  readonly port: number;
}

/** A bound socket and the port that it got. */
interface Bound {
  readonly fd: number;
  readonly port: number;
}

/** struct sockaddr_in or sockaddr_in6. Throws "invalid" where `address` is none. */
export function encodeSocketAddress({ address, port }: SocketAddress): Buffer {
  const bytes = addressBytes(address);
  if (bytes === undefined) throw invalid(`no IP address: ${address}`);
  const isIPv4 = bytes.length === 4;
  const result = Buffer.alloc(isIPv4 ? 16 : 28);
  result.writeUInt16LE(isIPv4 ? AF_INET : AF_INET6, 0);
  result.writeUInt16BE(port, 2);
  result.set(bytes, isIPv4 ? 4 : 8);
  const zone = address.split("%")[1];
  if (!isIPv4 && zone !== undefined) result.writeUInt32LE(zoneIndex(zone), 24);
  return result;
}

function zoneIndex(zone: string): number {
  if (/^\d+$/.test(zone)) return Number(zone);
  return /^[\w.-]{1,15}$/.test(zone) ? ifNameToIndex(zone) : 0;
}

function open(address: Buffer, type: number): number {
  return check("socket", socket(address.readUInt16LE(0), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

function setOption(fd: number, level: number, name: number, value: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return setsockopt(fd, level, name, bytes, 4);
}

function portOf(fd: number): number {
  const address = Buffer.alloc(28);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(28);
  check("getsockname", getsockname(fd, address, length));
  return address.readUInt16BE(2);
}

/** Closes the descriptor where `work` fails. */
function keeping<T>(fd: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** A UDP socket bound to the address, also where the interface that has it is not up yet. */
export function bindDatagram(at: SocketAddress, receiveBuffer: number): Bound {
  const address = encodeSocketAddress(at);
  const fd = open(address, SOCK_DGRAM);
  return keeping(fd, () => {
    // Both are comforts: without them the socket works with less.
    setOption(fd, IPPROTO_IP, IP_FREEBIND, 1);
    setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer);
    check("bind", bind(fd, address, address.length), `${at.address}:${at.port}`);
    return { fd, port: portOf(fd) };
  });
}

/** A listening TCP socket, likewise. */
export function bindListener(at: SocketAddress, backlog: number): Bound {
  const address = encodeSocketAddress(at);
  const fd = open(address, SOCK_STREAM);
  return keeping(fd, () => {
    setOption(fd, IPPROTO_IP, IP_FREEBIND, 1);
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    check("bind", bind(fd, address, address.length), `${at.address}:${at.port}`);
    check("listen", listen(fd, backlog));
    return { fd, port: portOf(fd) };
  });
}

/** A UDP socket that sends to and hears from one peer only. Throws a SyscallError where there is no way to it. */
export function connectDatagram(to: SocketAddress): number {
  const address = encodeSocketAddress(to);
  const fd = open(address, SOCK_DGRAM);
  return keeping(fd, () => {
    check("connect", connect(fd, address, address.length), `${to.address}:${to.port}`);
    return fd;
  });
}

/** A TCP socket of the present namespace that nobody has connected yet. */
export function openStream(to: SocketAddress): number {
  return open(encodeSocketAddress(to), SOCK_STREAM);
}

/** Sends one packet at once, to the connected peer where `address` is undefined. False: it was not taken. */
export function sendTo(fd: number, packet: Uint8Array, address: Uint8Array | undefined): boolean {
  const length = address?.length ?? 0;
  return sendto(fd, packet, packet.length, MSG_NOSIGNAL, address ?? null, length) === packet.length;
}
