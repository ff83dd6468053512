import { statfsSync } from "node:fs";
import { invalid } from "../../lib/index.ts";
import { lstatIn, type Root, readlinkIn, withRoot } from "../../system/index.ts";

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
 * root: there a descriptor that leaked from the host would be the way out (CVE-2024-21626). For run and exec alike.
 */
export function checkWorkingDirectory(root: Root, directory: string): void {
  if (MAGIC.test(`/${partsOf(directory).join("/")}`) || MAGIC.test(whereItLeads(root, directory)))
    throw invalid(`the working directory '${directory}' leads out of the container`);
}

/** What may be mounted over below /proc: files that only tell, such as lxcfs makes. */
const REPLACEABLE = new Set([
  "/proc/cpuinfo",
  "/proc/diskstats",
  "/proc/loadavg",
  "/proc/meminfo",
  "/proc/net/dev",
  "/proc/slabinfo",
  "/proc/stat",
  "/proc/swaps",
  "/proc/sys/crypto/fips_enabled",
  "/proc/sys/kernel/ns_last_pid",
  "/proc/uptime",
]);

/** Nodes that the runtime itself opens in the container, to mask paths and for the process's streams. */
const DEVICES = /^\/dev(?:\/(?:null|zero|full|random|urandom|tty|console|ptmx|pts(?:\/.*)?))?$/;

/**
 * Where in the root each mount goes once the image's links are followed, those to nothing too, in the order of `mounts`.
 * Refuses, with runc's texts, what would put something else in the place of the real procfs, to which the runtime writes
 * labels and scores (CVE-2019-16884); and volumes in the place of /dev, whose nodes the runtime takes for devices
 * (CVE-2025-31133). An image can ask for either, by name or through a link.
 */
export function mountPlaces(
  root: Root,
  mounts: readonly { type: "bind" | "volume" | "tmpfs"; source: string; destination: string }[],
): string[] {
  return withRoot(root, (fd) =>
    mounts.map(({ type, source, destination }) => {
      const place = whereItLeads(fd, destination);
      const named = JSON.stringify(destination);
      if (place === "/proc" && !(type === "bind" && isProcfs(source)))
        throw invalid(`${named} cannot be mounted because it is not of type proc`);
      if (place.startsWith("/proc/") && !REPLACEABLE.has(place))
        throw invalid(`${named} cannot be mounted because it is inside /proc`);
      if (type === "volume" && DEVICES.test(place)) throw invalid(`${named} cannot be a volume: it holds devices`);
      if (place === "/") throw invalid(`${named} cannot be mounted because it leads to the root`);
      return place;
    }),
  );
}

const PROC_SUPER_MAGIC = 0x9fa0;

function isProcfs(path: string): boolean {
  try {
    return statfsSync(path).type === PROC_SUPER_MAGIC;
  } catch {
    return false;
  }
}

const MAX_LINKS = 40;
const partsOf = (path: string) => path.split("/").filter((part) => part !== "" && part !== ".");

/**
 * Where a path inside the root leads once its links are followed, also where nothing is there yet: what is missing
 * now may be there once /proc is mounted. Only as true as the root is at rest. Throws "invalid" for a loop.
 */
function whereItLeads(root: Root, path: string): string {
  return withRoot(root, (fd) => {
    const rest = partsOf(path);
    let place = "";
    for (let links = 0, part = rest.shift(); part !== undefined; part = rest.shift()) {
      if (part === "..") {
        place = place.slice(0, Math.max(0, place.lastIndexOf("/")));
        continue;
      }
      const target = readlinkIn(fd, `${place}/${part}`);
      if (target === undefined) {
        place += `/${part}`;
        continue;
      }
      if (++links > MAX_LINKS) throw invalid(`too many links on the way to '${path}'`);
      if (target.startsWith("/")) place = "";
      rest.unshift(...partsOf(target));
    }
    return place === "" ? "/" : place;
  });
}
