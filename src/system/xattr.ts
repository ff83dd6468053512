import { cstring } from "./cstring.ts";
import { declare, lastErrno, SyscallError } from "./ffi.ts";
import type { CName } from "./fs-raw.ts";

/**
 * Extended attributes of any kind of file, a symbolic link's own included. The kernel has no call that takes a
 * directory and a name: the directory's link in /proc/self/fd stands for it, so that nothing else is resolved. Names
 * of attributes are strings of bytes (latin1), values are bytes.
 */
const libc = {
  lset: declare("int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)"),
  fset: declare("int fsetxattr(int fd, const void *name, const void *value, size_t size, int flags)"),
  lget: declare("intptr_t lgetxattr(const void *path, const void *name, void *value, size_t size)"),
  llist: declare("intptr_t llistxattr(const void *path, void *list, size_t size)"),
};

const ENODATA = 61;
const EOPNOTSUPP = 95;
const MAX_SIZE = 65536;
const scratch = Buffer.allocUnsafeSlow(MAX_SIZE);

function pathOf(dir: number, name: CName): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${dir}/`), name]);
}

const attributeName = (name: string) => cstring(Buffer.from(name, "latin1"));

function fail(syscall: string, attribute: string): never {
  throw new SyscallError(syscall, lastErrno(), attribute);
}

export function setXattrAt(dir: number, name: CName, attribute: string, value: Buffer): void {
  if (libc.lset(pathOf(dir, name), attributeName(attribute), value, value.length, 0) < 0) fail("lsetxattr", attribute);
}

export function setXattrFd(fd: number, attribute: string, value: Buffer): void {
  if (libc.fset(fd, attributeName(attribute), value, value.length, 0) < 0) fail("fsetxattr", attribute);
}

/** The value, or undefined where the attribute is not there or the file system has none. */
export function getXattrAt(dir: number, name: CName, attribute: string): Buffer | undefined {
  const length = libc.lget(pathOf(dir, name), attributeName(attribute), scratch, MAX_SIZE);
  if (length >= 0) return Buffer.from(scratch.subarray(0, length));
  const errno = lastErrno();
  if (errno === ENODATA || errno === EOPNOTSUPP) return undefined;
  throw new SyscallError("lgetxattr", errno, attribute);
}

/** All attributes that the caller may see, sorted by name; empty where the file system has none. */
export function getXattrsAt(dir: number, name: CName): Map<string, Buffer> {
  const length = libc.llist(pathOf(dir, name), scratch, MAX_SIZE);
  if (length < 0) {
    const errno = lastErrno();
    if (errno === EOPNOTSUPP) return new Map();
    throw new SyscallError("llistxattr", errno, name.toString("utf8", 0, name.length - 1));
  }
  const result = new Map<string, Buffer>();
  if (length === 0) return result;
  const names = scratch
    .toString("latin1", 0, length - 1)
    .split("\0")
    .sort();
  for (const attribute of names) {
    const value = getXattrAt(dir, name, attribute);
    if (value !== undefined) result.set(attribute, value);
  }
  return result;
}
