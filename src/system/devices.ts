import { closeSync, fstatSync, readdirSync } from "node:fs";
import { posix } from "node:path";
import { O_NOFOLLOW, O_PATH, openIn } from "./confined.ts";
import { codeOf } from "./ffi.ts";

/** A device node or FIFO as it stands on the host. `mode` holds the permission bits alone. */
export interface DeviceNode {
  path: string;
  type: "b" | "c" | "p";
  major: number;
  minor: number;
  mode: number;
  uid: number;
  gid: number;
}

/** Major and minor of a device number, as glibc's makedev packs it. */
export function deviceNumbers(rdev: number): { major: number; minor: number } {
  const number = BigInt(rdev);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn & 0xffffffffn);
  const minor = (number & 0xffn) | ((number >> 12n) & ~0xffn & 0xffffffffn);
  return { major: Number(major), minor: Number(minor) };
}

interface Inspected {
  node: DeviceNode | undefined;
  directory: boolean;
}

/** Opened without touching the device behind it (O_PATH): to look at a tape drive must not rewind it. */
function inspect(path: string, flags: number): Inspected {
  const fd = openIn("/", path, O_PATH | flags);
  try {
    const stat = fstatSync(fd);
    const type = stat.isBlockDevice() ? "b" : stat.isCharacterDevice() ? "c" : stat.isFIFO() ? "p" : undefined;
    if (type === undefined) return { node: undefined, directory: stat.isDirectory() };
    const { major, minor } = deviceNumbers(stat.rdev);
    const node = { path, type, major, minor, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid } as const;
    return { node, directory: false };
  } finally {
    closeSync(fd);
  }
}

/** The device at a path of the host, links followed; undefined where something else is there. Throws ENOENT and the like. */
export function deviceOf(path: string): DeviceNode | undefined {
  return inspect(path, 0).node;
}

/** Folders under /dev that hold no devices of the machine's own, and files that every container gets anew. */
const NOT_DEVICES = new Set(["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"]);

const MAX_DEVICES = 10_000;

function* nodesBelow(dir: string, skip: ReadonlySet<string>): Generator<DeviceNode> {
  const entries = readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (skip.has(entry.name)) continue;
    const path = posix.join(dir, entry.name);
    if (entry.isDirectory()) {
      yield* nodesBelow(path, skip);
      continue;
    }
    const node = nodeAt(path);
    if (node !== undefined) yield node;
  }
}

function nodeAt(path: string): DeviceNode | undefined {
  try {
    return inspect(path, O_NOFOLLOW).node;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined; // it went away meanwhile
    throw error;
  }
}

function bounded(nodes: Iterable<DeviceNode>): DeviceNode[] {
  const found: DeviceNode[] = [];
  for (const node of nodes) {
    if (found.length === MAX_DEVICES) break;
    found.push(node);
  }
  return found;
}

/** Every device below a directory of the host, links not followed, in the order of names; at most 10,000. */
export function devicesBelow(dir: string): DeviceNode[] {
  return bounded(nodesBelow(dir, new Set()));
}

/** The host's own devices: what a privileged container gets. */
export function hostDevices(): DeviceNode[] {
  const skip = new Set([...NOT_DEVICES, "console"]);
  return bounded(nodesBelow("/dev", skip)).filter((node) => node.type !== "p");
}
