import { cstring } from "./cstring.ts";
import { declare, lastErrno, SyscallError } from "./ffi.ts";

/**
 * File system calls that Node lacks: relative to a directory's descriptor, never following a link at the end of the
 * name, with names as bytes, nanoseconds, device numbers and extended attributes. A `CName` is the result of cstring():
 * bytes closed by NUL, one component. All calls are synchronous and throw SyscallError; use them in a worker where
 * there are many.
 */
export type CName = Buffer;

export const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;
export const RENAME_NOREPLACE = 1;
/** The two names change places, at once. */
export const RENAME_EXCHANGE = 2;

const libc = {
  openat: declare("int openat(int dir, const void *path, int flags, unsigned int mode)"),
  close: declare("int close(int fd)"),
  mkdirat: declare("int mkdirat(int dir, const void *path, unsigned int mode)"),
  mknodat: declare("int mknodat(int dir, const void *path, unsigned int mode, uint64_t dev)"),
  symlinkat: declare("int symlinkat(const void *target, int dir, const void *path)"),
  readlinkat: declare("intptr_t readlinkat(int dir, const void *path, void *buf, size_t size)"),
  linkat: declare("int linkat(int from, const void *old, int to, const void *path, int flags)"),
  unlinkat: declare("int unlinkat(int dir, const void *path, int flags)"),
  renameat2: declare("int renameat2(int from, const void *old, int to, const void *path, unsigned int flags)"),
  fchownat: declare("int fchownat(int dir, const void *path, unsigned int uid, unsigned int gid, int flags)"),
  fchmod: declare("int fchmod(int fd, unsigned int mode)"),
  fchmodat: declare("int fchmodat(int dir, const void *path, unsigned int mode, int flags)"),
  utimensat: declare("int utimensat(int dir, const void *path, const void *times, int flags)"),
  futimens: declare("int futimens(int fd, const void *times)"),
  fchown: declare("int fchown(int fd, unsigned int uid, unsigned int gid)"),
  statx: declare("int statx(int dir, const void *path, int flags, unsigned int mask, void *buf)"),
  ftruncate: declare("int ftruncate64(int fd, int64_t length)"),
  lseek: declare("int64_t lseek64(int fd, int64_t offset, int whence)"),
  copyFileRange: declare(
    "intptr_t copy_file_range(int from, void *off, int to, void *out, size_t length, unsigned int flags)",
  ),
  getdents64: declare("intptr_t getdents64(int fd, void *buf, size_t size)"),
  syncfs: declare("int syncfs(int fd)"),
};

/** openat(2); O_CLOEXEC is added. */
export function openAt(dir: number, name: CName, flags: number, mode = 0): number {
  return must("openat", libc.openat(dir, name, flags | 0o2000000, mode), name);
}

/** close(2). A failure is ignored: the descriptor is gone in any case. */
export function closeFd(fd: number): void {
  libc.close(fd);
}

export function mkdirAt(dir: number, name: CName, mode: number): void {
  must("mkdirat", libc.mkdirat(dir, name, mode), name);
}

/** `mode` holds the type (S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK) and the permissions. */
export function mknodAt(dir: number, name: CName, mode: number, major = 0, minor = 0): void {
  must("mknodat", libc.mknodat(dir, name, mode, makeDevice(major, minor)), name);
}

/** A dev_t in glibc's layout. */
export function makeDevice(major: number, minor: number): bigint {
  const high = BigInt(major);
  const low = BigInt(minor);
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn);
}

export function symlinkAt(target: CName, dir: number, name: CName): void {
  must("symlinkat", libc.symlinkat(target, dir, name), name);
}

/** The target of a symbolic link, as bytes. */
export function readlinkAt(dir: number, name: CName): Buffer {
  const buffer = Buffer.allocUnsafe(4096);
  const length = must("readlinkat", libc.readlinkat(dir, name, buffer, buffer.length), name);
  return Buffer.from(buffer.subarray(0, length));
}

/** A hard link; a symbolic link as source is linked itself. */
export function linkAt(fromDir: number, from: CName, dir: number, name: CName): void {
  must("linkat", libc.linkat(fromDir, from, dir, name, 0), name);
}

export function unlinkAt(dir: number, name: CName): void {
  must("unlinkat", libc.unlinkat(dir, name, 0), name);
}

export function rmdirAt(dir: number, name: CName): void {
  must("unlinkat", libc.unlinkat(dir, name, AT_REMOVEDIR), name);
}

export function renameAt(fromDir: number, from: CName, dir: number, name: CName, flags = 0): void {
  must("renameat2", libc.renameat2(fromDir, from, dir, name, flags), name);
}

export function chownAt(dir: number, name: CName, uid: number, gid: number): void {
  must("fchownat", libc.fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW), name);
}

export function chownFd(fd: number, uid: number, gid: number): void {
  must("fchown", libc.fchown(fd, uid, gid));
}

export function chmodFd(fd: number, mode: number): void {
  must("fchmod", libc.fchmod(fd, mode));
}

/** Follows a link at the end, as chmod(2) does: only for what the caller has just made there itself. */
export function chmodAt(dir: number, name: CName, mode: number): void {
  must("fchmodat", libc.fchmodat(dir, name, mode, 0), name);
}

const BILLION = 1_000_000_000n;
const times = Buffer.alloc(4096);

function setTimes(atime: bigint, mtime: bigint): Buffer {
  writeTime(atime, 0);
  writeTime(mtime, 16);
  return times;
}

function writeTime(ns: bigint, at: number): void {
  let seconds = ns / BILLION;
  let rest = ns % BILLION;
  if (rest < 0n) {
    seconds -= 1n;
    rest += BILLION;
  }
  times.writeBigInt64LE(seconds, at);
  times.writeBigInt64LE(rest, at + 8);
}

/** Sets access and modification time, in nanoseconds since 1970; a symbolic link's own. */
export function setTimesAt(dir: number, name: CName, atime: bigint, mtime: bigint): void {
  must("utimensat", libc.utimensat(dir, name, setTimes(atime, mtime), AT_SYMLINK_NOFOLLOW), name);
}

export function setTimesFd(fd: number, atime: bigint, mtime: bigint): void {
  must("futimens", libc.futimens(fd, setTimes(atime, mtime)));
}

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

/** What statx(2) tells. Times in nanoseconds since 1970; `blocks` of 512 bytes; `dev` is "major:minor". */
export interface RawStat {
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  ino: bigint;
  size: number;
  blocks: number;
  atime: bigint;
  ctime: bigint;
  mtime: bigint;
  rdevMajor: number;
  rdevMinor: number;
  dev: string;
}

const statBuffer = Buffer.alloc(4096);
const STATX_BASIC_STATS = 0x7ff;
const EMPTY_NAME = cstring("");

function parseStat(): RawStat {
  const b = statBuffer;
  return {
    mode: b.readUInt16LE(28),
    nlink: b.readUInt32LE(16),
    uid: b.readUInt32LE(20),
    gid: b.readUInt32LE(24),
    ino: b.readBigUInt64LE(32),
    size: b.readUInt32LE(40) + b.readUInt32LE(44) * 0x1_0000_0000,
    blocks: b.readUInt32LE(48) + b.readUInt32LE(52) * 0x1_0000_0000,
    atime: readTime(64),
    ctime: readTime(96),
    mtime: readTime(112),
    rdevMajor: b.readUInt32LE(128),
    rdevMinor: b.readUInt32LE(132),
    dev: `${b.readUInt32LE(136)}:${b.readUInt32LE(140)}`,
  };
}

const readTime = (at: number) => statBuffer.readBigInt64LE(at) * BILLION + BigInt(statBuffer.readUInt32LE(at + 8));

/** lstat of a name in a directory. */
export function statAt(dir: number, name: CName): RawStat {
  must("statx", libc.statx(dir, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, statBuffer), name);
  return parseStat();
}

/** The same, or undefined where nothing has that name. */
export function statAtIfAny(dir: number, name: CName): RawStat | undefined {
  if (libc.statx(dir, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, statBuffer) >= 0) return parseStat();
  const errno = lastErrno();
  if (errno === 2 || errno === 20) return undefined;
  throw new SyscallError("statx", errno, name.toString("utf8", 0, name.length - 1));
}

export function statFd(fd: number): RawStat {
  must("statx", libc.statx(fd, EMPTY_NAME, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, statBuffer));
  return parseStat();
}

export function truncateFd(fd: number, length: number): void {
  must("ftruncate", libc.ftruncate(fd, length));
}

const SEEK_SET = 0;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const ENXIO = 6;

function seek(fd: number, offset: number, whence: number): number | undefined {
  const result = Number(libc.lseek(fd, offset, whence));
  if (result >= 0) return result;
  const errno = lastErrno();
  if (errno === ENXIO) return undefined;
  throw new SyscallError("lseek", errno);
}

/** The pieces of a file that hold data, in order; holes lie between them. Moves the file offset. */
export function* dataSegments(fd: number, size: number): Generator<{ offset: number; length: number }> {
  for (let at = 0; at < size; ) {
    const start = seek(fd, at, SEEK_DATA);
    if (start === undefined || start >= size) return;
    const end = Math.min(seek(fd, start, SEEK_HOLE) ?? size, size);
    yield { offset: start, length: end - start };
    at = end;
  }
}

const offsets = Buffer.alloc(4096);

/** copy_file_range(2) at the given offsets: how many bytes were copied, or undefined where the kernel cannot. */
export function copyRange(from: number, to: number, offset: number, length: number): number | undefined {
  offsets.writeBigInt64LE(BigInt(offset), 0);
  offsets.writeBigInt64LE(BigInt(offset), 8);
  const copied = libc.copyFileRange(from, offsets, to, offsets.subarray(8), length, 0);
  if (copied >= 0) return copied;
  const errno = lastErrno();
  // EXDEV, ENOSYS, EINVAL, EOPNOTSUPP: not between these two files; read and write then.
  if (errno === 18 || errno === 38 || errno === 22 || errno === 95) return undefined;
  throw new SyscallError("copy_file_range", errno);
}

/** Flushes the whole file system that the descriptor is on. Blocks for as long as that takes: workers only. */
export function syncFileSystem(fd: number): void {
  must("syncfs", libc.syncfs(fd));
}

/** One name of a directory: its bytes closed by NUL, and DT_* (0 where the file system does not tell). */
export interface RawEntry {
  name: CName;
  type: number;
}

export const DT_UNKNOWN = 0;
export const DT_DIR = 4;

/** All names of an open directory but "." and "..", in the kernel's order, from the beginning each time. */
export function readDirectory(fd: number): RawEntry[] {
  seek(fd, 0, SEEK_SET);
  const entries: RawEntry[] = [];
  const buffer = Buffer.allocUnsafe(64 * 1024);
  for (;;) {
    const length = must("getdents64", libc.getdents64(fd, buffer, buffer.length));
    if (length === 0) return entries;
    for (let at = 0; at < length; at += buffer.readUInt16LE(at + 16)) {
      const end = buffer.indexOf(0, at + 19);
      if (isDots(buffer, at + 19, end)) continue;
      entries.push({ name: Buffer.from(buffer.subarray(at + 19, end + 1)), type: buffer[at + 18] ?? DT_UNKNOWN });
    }
  }
}

function isDots(buffer: Buffer, start: number, end: number): boolean {
  const length = end - start;
  return buffer[start] === 0x2e && (length === 1 || (length === 2 && buffer[start + 1] === 0x2e));
}

// The name is made readable on failure only: these calls are made by the ten thousand.
function must(syscall: string, result: number, name?: CName): number {
  if (result >= 0) return result;
  const errno = lastErrno();
  throw new SyscallError(syscall, errno, name?.toString("utf8", 0, name.length - 1));
}
