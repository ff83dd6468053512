import { closeSync, readFileSync, type Stats, statSync, writeSync } from "node:fs";
import { cstring } from "./cstring.ts";
import { check, declare } from "./ffi.ts";

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_EXEC = 0x10;
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const F_SEAL_WRITE = 8;
/** A runtime is some hundred kilobytes to some ten megabytes. */
const sizeLimit = 64 * 1024 * 1024;

const memfdCreate = declare("int memfd_create(const void *name, unsigned int flags)");
const fcntl = declare("int fcntl(int fd, int command, int argument)");

/** A copy of a program in memory that nobody can change any more, not even root. */
export interface SealedProgram {
  /** Runs the copy; good as long as this process lives and `close` was not called. */
  readonly path: string;
  /** Whether the program on disk is still the one that was copied. */
  current(): boolean;
  close(): void;
}

/**
 * Copies a program. What runs from such a copy can hand `/proc/self/exe` to a container without fear for the file on the
 * host; runtimes that otherwise make a copy of themselves at each start know that and do not. Throws a SyscallError, or
 * Node's error, where it cannot be done.
 */
export function sealProgram(path: string): SealedProgram {
  const before = statSync(path);
  if (before.size > sizeLimit) throw new Error(`${path} is too large to be copied`);
  const fd = memoryFile(path);
  try {
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    check("fcntl", fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return {
    path: `/proc/${process.pid}/fd/${fd}`,
    current: () => sameFile(before, statSync(path, { throwIfNoEntry: false })),
    close: () => closeSync(fd),
  };
}

function memoryFile(path: string): number {
  const name = cstring(path.slice(-200));
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const fd = memfdCreate(name, flags | MFD_EXEC);
  // Before Linux 6.3 there is no such flag, and every one can be executed.
  return fd >= 0 ? fd : check("memfd_create", memfdCreate(name, flags), path);
}

function sameFile(before: Stats, now: Stats | undefined): boolean {
  return (
    now !== undefined &&
    (["dev", "ino", "size", "mtimeMs", "ctimeMs"] as const).every((key) => before[key] === now[key])
  );
}
