import { declare, lastErrno, SyscallError } from "./ffi.ts";

const FICLONE = 0x4004_9409;
const ioctl = declare("int ioctl(int fd, unsigned long request, int source)");

// EOPNOTSUPP, ENOTTY, EXDEV, EINVAL, EPERM, ENOSYS: not by this file system, or not between these two files.
const CANNOT = new Set([95, 25, 18, 22, 1, 38]);

/** Makes the open empty file share the other's blocks (ioctl_ficlone(2)); false where the file system cannot. */
export function cloneFile(from: number, to: number): boolean {
  if (ioctl(to, FICLONE, from) >= 0) return true;
  const errno = lastErrno();
  if (CANNOT.has(errno)) return false;
  throw new SyscallError("ioctl", errno);
}
