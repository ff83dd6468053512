import { check, declare } from "../ffi.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/**
 * Sends a state such as "READY=1" to the service manager, as sd_notify(3) does. Does nothing where the environment
 * names no socket. Throws a SyscallError where the socket cannot be reached.
 */
export function notifyService(state: string, env: NodeJS.ProcessEnv = process.env): void {
  const path = env.NOTIFY_SOCKET;
  if (path === undefined || !/^[/@]./.test(path)) return;
  const name = Buffer.from(path.replace(/^@/, "\0"));
  const address = Buffer.alloc(2 + name.length + (path.startsWith("@") ? 0 : 1));
  address.writeUInt16LE(AF_UNIX);
  name.copy(address, 2);
  const fd = check("socket", declare("int socket(int domain, int type, int protocol)")(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0));
  try {
    const sendto = declare("intptr_t sendto(int fd, void *data, size_t size, int flags, void *address, int length)");
    const data = Buffer.from(state);
    check("sendto", Number(sendto(fd, data, data.length, MSG_NOSIGNAL, address, address.length)), path);
  } finally {
    declare("int close(int fd)")(fd);
  }
}
