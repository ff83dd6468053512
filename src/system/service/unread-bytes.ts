import { check, declare } from "../ffi.ts";

const ioctl = declare("int ioctl(int fd, unsigned long request, _Out_ int *value)");
const SIOCOUTQ = 0x5411;

/**
 * Bytes, with the kernel's own overhead, that were written to a unix socket and that its peer has not read yet; for
 * TCP, those that the peer has not acknowledged. Throws a SyscallError on what is no socket.
 */
export function unreadBytes(fd: number): number {
  const value = [0];
  check("ioctl", ioctl(fd, SIOCOUTQ, value));
  return value[0] ?? 0;
}
