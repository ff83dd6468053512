import { closeSync, constants, fchmodSync, fchownSync, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { posix } from "node:path";
import { BerthError } from "../lib/index.ts";
import { cstring } from "./cstring.ts";
import { check, codeOf, declare, lastErrno, SyscallError } from "./ffi.ts";

/**
 * Paths inside a root that somebody else controls. Every look-up is one openat2(2) with RESOLVE_IN_ROOT: "/" and ".."
 * end at the root, symbolic links resolve inside it, magic links are refused, and a rename at the wrong moment cannot
 * lead outside. `Root` is the directory, as a path that the engine made or as an open descriptor (O_PATH serves).
 */
export type Root = string | number;

const SYS_openat2 = 437;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;
const EAGAIN = 11;
const EINTR = 4;

export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;
export const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY, O_NONBLOCK, O_NOCTTY } = constants;

const syscallOpenat2 = declare("long syscall(long number, int dirfd, const void *path, const void *how, size_t size)");
const mkdirat = declare("int mkdirat(int dirfd, const void *path, unsigned int mode)");
const readlinkat = declare("intptr_t readlinkat(int dirfd, const void *path, void *buf, size_t size)");

/** Opens a directory to resolve paths in. The caller closes it. */
export function openRoot(path: string): number {
  return openSync(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/** Calls `use` with a descriptor of the root, opened and closed here where a path was given. */
export function withRoot<T>(root: Root, use: (fd: number) => T): T {
  if (typeof root === "number") return use(root);
  const fd = openRoot(root);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function openat2(dir: number, path: string | Buffer, flags: number, mode: number): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 16);
  const name = cstring(path.length === 0 ? "." : path);
  // The kernel answers EAGAIN when something was renamed during a look-up with "..": it could not prove confinement.
  for (let attempt = 0; ; attempt++) {
    const fd = syscallOpenat2(SYS_openat2, dir, name, how, how.length);
    if (fd >= 0) return fd;
    const errno = lastErrno();
    if (attempt < 128 && (errno === EAGAIN || errno === EINTR)) continue;
    throw new SyscallError("openat2", errno, path.toString());
  }
}

/** Opens a path inside the root; O_CLOEXEC is added. Throws SyscallError. The caller closes the descriptor. */
export function openIn(root: Root, path: string | Buffer, flags: number, mode = 0): number {
  return withRoot(root, (fd) => openat2(fd, path, flags, mode));
}

function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

function withOpen<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function statBy(root: Root, path: string | Buffer, flags: number): Stats | undefined {
  try {
    return withOpen(openIn(root, path, flags), (fd) => fstatSync(fd));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** lstat of a path inside the root: a link at its end is not followed. undefined where nothing is there. */
export function lstatIn(root: Root, path: string | Buffer): Stats | undefined {
  return statBy(root, path, O_PATH | O_NOFOLLOW);
}

/** stat of a path inside the root, links followed inside it. undefined where nothing is there. */
export function statIn(root: Root, path: string | Buffer): Stats | undefined {
  return statBy(root, path, O_PATH);
}

/**
 * The content of a regular file inside the root, or undefined where there is none. A FIFO, a device or a directory in
 * its place is refused ("invalid") without being opened, so nothing blocks; more than `limit` bytes is "exhausted".
 */
export function readFileIn(root: Root, path: string, options: { limit: number }): Buffer | undefined {
  let handle: number;
  try {
    handle = openIn(root, path, O_PATH);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return withOpen(handle, (fd) => {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new BerthError("invalid", `${path} is not a regular file`);
    if (stat.size > options.limit) throw tooLarge(path, options.limit);
    // The inode is known to be a regular file now; its descriptor is reopened for reading, not its name.
    return withOpen(openSync(`/proc/self/fd/${fd}`, O_RDONLY | O_NONBLOCK | O_CLOEXEC), (file) =>
      readUpTo(file, path, options.limit),
    );
  });
}

function tooLarge(path: string, limit: number): BerthError {
  return new BerthError("exhausted", `${path} is larger than ${limit} bytes`);
}

function readUpTo(fd: number, path: string, limit: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(Math.min(64 * 1024, limit + 1 - total));
    const count = readSync(fd, chunk, 0, chunk.length, null);
    if (count === 0) return Buffer.concat(chunks, total);
    total += count;
    if (total > limit) throw tooLarge(path, limit);
    chunks.push(chunk.subarray(0, count));
  }
}

/** Where the symbolic link at the end of a path points, or undefined where there is no link. */
export function readlinkIn(root: Root, path: string): string | undefined {
  let fd: number;
  try {
    fd = openIn(root, path, O_PATH | O_NOFOLLOW);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return withOpen(fd, (link) => {
    if (!fstatSync(link).isSymbolicLink()) return undefined;
    const buffer = Buffer.alloc(4096);
    const length = check("readlinkat", readlinkat(link, cstring(""), buffer, buffer.length), path);
    return buffer.toString("utf8", 0, length);
  });
}

/** Who owns what is made, and with which mode (not reduced by the umask). */
export interface Ownership {
  mode: number;
  uid: number;
  gid: number;
}

const MAX_LINKS = 40;

/**
 * Makes a directory inside the root with its missing parents (`mkdir -p`), following links inside it, dangling ones
 * too. What exists is left as it is; each directory made here gets the mode and owner. ENOTDIR where a file is in the way.
 */
export function makeDirIn(root: Root, path: string, mode = 0o755, uid = 0, gid = 0): void {
  withRoot(root, (fd) => ensureDir(fd, clean(path), { mode, uid, gid }, { links: MAX_LINKS }));
}

/** Makes an empty file inside the root with its missing parents, unless something is there already. */
export function makeFileIn(root: Root, path: string, mode = 0o644, uid = 0, gid = 0): void {
  withRoot(root, (fd) => ensureFile(fd, clean(path), { mode, uid, gid }, { links: MAX_LINKS }));
}

// Lexical clean-up touches "." and doubled slashes only: ".." has to be resolved by the kernel, after links.
function clean(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.join("/");
}

function split(path: string): { parent: string; name: string } {
  const at = path.lastIndexOf("/");
  return { parent: at < 0 ? "" : path.slice(0, at), name: path.slice(at + 1) };
}

function exists(root: number, path: string, flags: number): boolean {
  try {
    closeSync(openat2(root, path, flags, 0));
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** Spends one link of the budget, so that a loop ends, and gives the dangling link's target as a path in the root. */
function followDangling(root: number, path: string, budget: { links: number }): string | undefined {
  const target = readlinkIn(root, path);
  if (target === undefined) return undefined;
  if (--budget.links < 0) throw new SyscallError("openat2", 40, path);
  return clean(posix.isAbsolute(target) ? target : `${split(path).parent}/${target}`);
}

function ensureDir(root: number, path: string, own: Ownership, budget: { links: number }): void {
  if (path === "" || exists(root, path, O_PATH | O_DIRECTORY)) return;
  const { parent, name } = split(path);
  ensureDir(root, parent, own, budget);
  if (name === "..") return;
  const target = followDangling(root, path, budget);
  if (target !== undefined) {
    ensureDir(root, target, own, budget);
    return;
  }
  withOpen(openat2(root, parent, O_PATH | O_DIRECTORY, 0), (dir) => {
    if (mkdirat(dir, cstring(name), 0o700) < 0) {
      const errno = lastErrno();
      if (errno === 17) return; // made by somebody else meanwhile
      throw new SyscallError("mkdirat", errno, path);
    }
    withOpen(openat2(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0), (made) => claim(made, own));
  });
}

function ensureFile(root: number, path: string, own: Ownership, budget: { links: number }): void {
  if (exists(root, path, O_PATH)) return;
  const { parent, name } = split(path);
  ensureDir(root, parent, { ...own, mode: 0o755 }, budget);
  const target = followDangling(root, path, budget);
  if (target !== undefined) {
    ensureFile(root, target, own, budget);
    return;
  }
  withOpen(openat2(root, parent, O_PATH | O_DIRECTORY, 0), (dir) => {
    let made: number;
    try {
      made = openat2(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    } catch (error) {
      if (codeOf(error) === "EEXIST") return; // made by somebody else meanwhile
      throw error;
    }
    withOpen(made, (file) => claim(file, own));
  });
}

function claim(fd: number, own: Ownership): void {
  fchownSync(fd, own.uid, own.gid);
  fchmodSync(fd, own.mode);
}
