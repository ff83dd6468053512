import { closeSync } from "node:fs";
import { isIPv6 } from "node:net";
import { declare, lastErrno, SyscallError } from "../ffi.ts";
import { addressBytes } from "./message.ts";

const AF = { INET: 2, INET6: 10 };
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_SCTP = 132;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

const socket = declare("int socket(int domain, int type, int protocol)");
const bind = declare("int bind(int fd, const void *address, uint32_t length)");
const setsockopt = declare("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)");

export type PortProtocol = "tcp" | "udp" | "sctp";

/** A port of the host that no other program can take while it is held. */
export interface ReservedPort {
  release(): void;
}

/**
 * Holds a port of the daemon's network namespace: a socket that is bound and never listens. Throws a SyscallError:
 * EADDRINUSE where a program has it, EADDRNOTAVAIL where the address is not the host's. Where the kernel has no SCTP
 * there is nothing to hold.
 */
export function reservePort(protocol: PortProtocol, address: string, port: number): ReservedPort {
  const v6 = isIPv6(address);
  const type = protocol === "udp" ? SOCK_DGRAM : SOCK_STREAM;
  const fd = socket(v6 ? AF.INET6 : AF.INET, type | SOCK_CLOEXEC, protocol === "sctp" ? IPPROTO_SCTP : 0);
  if (fd < 0) {
    if (protocol === "sctp") return { release: () => {} };
    throw new SyscallError("socket", lastErrno(), `${address}:${port}`);
  }
  if (v6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, Buffer.of(1, 0, 0, 0), 4);
  const bytes = v6 ? Buffer.alloc(28) : Buffer.alloc(16);
  bytes.writeUInt16LE(v6 ? AF.INET6 : AF.INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(addressBytes(address), v6 ? 8 : 4);
  if (bind(fd, bytes, bytes.length) !== 0) {
    const errno = lastErrno();
    closeSync(fd);
    throw new SyscallError("bind", errno, `${address}:${port}`);
  }
  return { release: () => closeSync(fd) };
}
