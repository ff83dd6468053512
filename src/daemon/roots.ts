import { chmodSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { BerthError, doing } from "../lib/index.ts";
import { type FileLock, lockFile } from "../system/service/index.ts";

/** The daemon's two folders, made, and locked for this process. */
export interface Roots {
  release(): void;
}

/**
 * Makes the data root (0700) and the exec root (0711: the socket in it is for a group) and locks both, so that no two
 * daemons ever share one. Fails "conflict" where another holds one of them.
 */
export function claimRoots(dataRoot: string, execRoot: string): Roots {
  const locks: FileLock[] = [];
  const claim = (path: string, mode: number) => {
    mkdirSync(path, { recursive: true, mode });
    chmodSync(path, mode);
    locks.push(lockFile(join(path, "lock")));
  };
  try {
    claim(dataRoot, 0o700);
    claim(execRoot, 0o711);
    refuseNested(dataRoot, execRoot);
  } catch (error) {
    for (const lock of locks) lock.release();
    throw error instanceof BerthError && error.kind === "conflict"
      ? doing("another daemon uses these folders (choose others with --data-root and --exec-root)", error)
      : error;
  }
  return {
    release() {
      for (const lock of locks) lock.release();
    },
  };
}

function refuseNested(dataRoot: string, execRoot: string): void {
  if (realpathSync(dataRoot) === realpathSync(execRoot))
    throw new BerthError("invalid", "data-root and exec-root must be two folders");
}
