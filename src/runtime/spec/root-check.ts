import { invalid } from "../../lib/index.ts";
import { lstatIn, type Root, realPathIn, withRoot } from "../../system/index.ts";

/** Where the kernel's file systems are mounted, on which the whole confinement rests. */
const ORDINARY = ["proc", "sys", "dev"];

/** Below /proc/PID: links that lead out of every root. */
const MAGIC = /^\/proc\/(?:.*\/)?(?:fd|fdinfo|cwd|root|exe|ns|map_files)(?:\/|$)/;

/**
 * Refuses a root whose /proc, /sys or /dev is something other than a directory: a runtime that follows a link there writes
 * its settings where the image wants them (CVE-2019-19921, CVE-2025-52881). Call it before the document is used.
 */
export function checkRoot(root: Root): void {
  for (const name of ORDINARY) {
    const stat = lstatIn(root, name);
    if (stat !== undefined && !stat.isDirectory()) {
      throw invalid(`filesystem ${JSON.stringify(name)} must be mounted on ordinary directory`);
    }
  }
}

/**
 * Refuses a working directory that leads, once the image's links are followed, through a process's descriptors or
 * root: there a descriptor that leaked from the host would be the way out (CVE-2024-21626). For run and exec alike, once the
 * directory has been made: a link to nowhere shows its end only then.
 */
export function checkWorkingDirectory(root: Root, directory: string): void {
  if (directory === "") return;
  withRoot(root, (fd) => {
    const real = realPathIn(fd, directory);
    for (const path of [directory.replace(/\/+/g, "/"), ...(real === undefined ? [] : [real])]) {
      if (MAGIC.test(path)) throw invalid(`the working directory '${directory}' leads out of the container`);
    }
  });
}
