import { closeSync, constants, openSync } from "node:fs";
import { declare } from "./ffi.ts";

const FS_IOC_GETFLAGS = 0x80086601n;
const FS_IOC_SETFLAGS = 0x40086602n;
const FS_TOPDIR_FL = 0x20000;

const ioctl = declare("int ioctl(int fd, unsigned long request, void *argument)");

/**
 * Asks ext4 to place each subfolder of this folder in a part of the disk of its own (`chattr +T`). Without it a tree
 * that is made soon after another was removed gets the same inode table, where ext4 passes over every inode that was
 * freed in the last minute, one by one: unpacking 12,000 files then takes 9 s in place of 0.4. False where the file
 * system does not know the flag, which does no harm.
 */
export function spreadFolders(path: string): boolean {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const flags = Buffer.alloc(4096);
    if (ioctl(fd, FS_IOC_GETFLAGS, flags) < 0) return false;
    const present = flags.readUInt32LE(0);
    if ((present & FS_TOPDIR_FL) !== 0) return true;
    flags.writeUInt32LE((present | FS_TOPDIR_FL) >>> 0, 0);
    return ioctl(fd, FS_IOC_SETFLAGS, flags) === 0;
  } finally {
    closeSync(fd);
  }
}
