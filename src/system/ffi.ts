import koffi, { type KoffiFunc } from "koffi";

/** A failed system call: `code` is the errno's name (ENOENT …), `syscall` the call, `path` what it was about. */
export class SyscallError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly path: string | undefined;

  constructor(syscall: string, errno: number, path?: string) {
    const code = errnoNames.get(errno) ?? `E${errno}`;
    super(`${code}: ${REASONS[code] ?? ""}${syscall}${path === undefined ? "" : ` '${path}'`}`);
    this.name = "SyscallError";
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    this.path = path;
  }
}

/** In words where a user can do something about it. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "no space left on device, ",
  EDQUOT: "disk quota exceeded, ",
};
const errnoNames = new Map<number, string>(Object.entries(koffi.os.errno).map(([name, value]) => [value, name]));

const libc = koffi.load("libc.so.6");

/** Declares a libc function by its C prototype. Use `intptr_t` for ssize_t: koffi has no such type. */
export function declare(prototype: string): KoffiFunc<(...args: unknown[]) => number> {
  return libc.func(prototype);
}

/** errno of the call that failed just now; it means nothing after a call that succeeded. */
export function lastErrno(): number {
  return koffi.errno();
}

/** Returns the result of a call that gives a negative number on failure, or throws what errno says. */
export function check(syscall: string, result: number, path?: string): number {
  if (result < 0) throw new SyscallError(syscall, koffi.errno(), path);
  return result;
}

/** The errno's name where the error is a failed system call (ours or Node's), otherwise undefined. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
