import { chmodSync } from "node:fs";
import { O_NOFOLLOW, O_PATH } from "./confined.ts";
import { type CName, closeFd, openAt, S_IFLNK, S_IFMT, statFd } from "./fs-raw.ts";

/**
 * chmod of a name that somebody else may exchange at any moment: the inode is held first, and a symbolic link in its
 * place is left alone. Works for what must not be opened, too: FIFOs and devices.
 */
export function chmodNodeAt(dir: number, name: CName, mode: number): void {
  const fd = openAt(dir, name, O_PATH | O_NOFOLLOW);
  try {
    if ((statFd(fd).mode & S_IFMT) !== S_IFLNK) chmodSync(`/proc/self/fd/${fd}`, mode);
  } finally {
    closeFd(fd);
  }
}
