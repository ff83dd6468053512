import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { BerthError } from "../lib/index.ts";
import { cstring } from "./cstring.ts";
import { check, declare } from "./ffi.ts";

/** Flags of mount(2). */
export const MS = {
  RDONLY: 0x1,
  NOSUID: 0x2,
  NODEV: 0x4,
  NOEXEC: 0x8,
  REMOUNT: 0x20,
  NOATIME: 0x400,
  BIND: 0x1000,
  MOVE: 0x2000,
  REC: 0x4000,
  UNBINDABLE: 0x20000,
  PRIVATE: 0x40000,
  SLAVE: 0x80000,
  SHARED: 0x100000,
  RELATIME: 0x200000,
} as const;

/** Flags of umount2(2). */
export const MNT = { FORCE: 1, DETACH: 2, EXPIRE: 4, NOFOLLOW: 8 } as const;

const libcMount = declare(
  "int mount(const void *source, const void *target, const void *type, unsigned long flags, const void *data)",
);
const libcUmount2 = declare("int umount2(const void *target, int flags)");
const libcOpen = declare("int open(const void *path, int flags, int mode)");
const libcClose = declare("int close(int fd)");
const libcChdir = declare("int chdir(const void *path)");
const libcFchdir = declare("int fchdir(int fd)");

const text = (value: string | undefined): Buffer | null => (value === undefined ? null : cstring(value));

/** mount(2). Throws SyscallError with the target's path. */
export function mount(source: string, target: string, type: string | undefined, flags: number, data?: string): void {
  check("mount", libcMount(cstring(source), cstring(target), text(type), flags, text(data)), target);
}

/** umount2(2). Throws SyscallError: EINVAL where nothing is mounted, EBUSY where it is in use. */
export function unmount(target: string, flags = 0): void {
  check("umount2", libcUmount2(cstring(target), flags), target);
}

/** Binds `path` on itself if need be and makes it private, so that mounts below it do not spread to peers. */
export function makePrivate(path: string): void {
  if (!readMounts().some((entry) => entry.mountPoint === path)) mount(path, path, undefined, MS.BIND | MS.REC);
  mount("none", path, undefined, MS.PRIVATE | MS.REC);
}

export interface OverlayMount {
  target: string;
  /** Lower directories, the top one first. */
  lowers: readonly string[];
  /** The writable layer and its work directory; without them the mount is read-only. */
  upper?: string;
  work?: string;
  /** A directory near the lowers: their names are given to the kernel relative to it, because options have a page. */
  base: string;
  /** Further options, such as "volatile" or "metacopy=off". */
  options?: readonly string[];
}

const PAGE = 4096;

/** The kernel reads "\\", "\:" and "\," in a directory's name as the character itself. */
function escapeName(path: string): string {
  return path.replace(/[\\:,]/g, "\\$&");
}

function shorter(base: string, path: string): string {
  const near = relative(base, path);
  return near !== "" && near.length < path.length ? near : path;
}

/** The option string of an overlay mount, names relative to `base`. Throws "exhausted" where it passes the page. */
export function overlayOptions(overlay: OverlayMount): string {
  const name = (path: string) => escapeName(shorter(overlay.base, path));
  const options = [`lowerdir=${overlay.lowers.map(name).join(":")}`];
  if (overlay.upper !== undefined && overlay.work !== undefined) {
    options.push(`upperdir=${name(overlay.upper)}`, `workdir=${name(overlay.work)}`);
  }
  options.push(...(overlay.options ?? []));
  const data = options.join(",");
  if (Buffer.byteLength(data) >= PAGE) {
    throw new BerthError("exhausted", `${overlay.lowers.length} layers do not fit into one overlay mount`);
  }
  return data;
}

/**
 * Mounts an overlay. The working directory is `base` for the time of the call, one synchronous stretch: nothing of
 * Node's runs meanwhile. Call it on the main thread only.
 */
export function mountOverlay(overlay: OverlayMount): void {
  const data = overlayOptions(overlay);
  const back = check("open", libcOpen(cstring("."), 0o12200000, 0), ".");
  try {
    check("chdir", libcChdir(cstring(overlay.base)), overlay.base);
    try {
      mount("overlay", overlay.target, "overlay", 0, data);
    } finally {
      check("fchdir", libcFchdir(back));
    }
  } finally {
    libcClose(back);
  }
}

/** One line of /proc/self/mountinfo (proc(5)). */
export interface MountInfo {
  id: number;
  parent: number;
  /** "major:minor" of the device. */
  device: string;
  /** The directory inside the file system that is mounted. */
  root: string;
  mountPoint: string;
  /** Options of this mount: "rw", "nosuid" … */
  options: string[];
  /** Propagation: "shared:1", "master:2" … */
  optional: string[];
  type: string;
  source: string;
  /** Options of the file system. */
  superOptions: string[];
}

const unescapeOctal = (field: string) =>
  field.includes("\\")
    ? field.replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8)))
    : field;

function parseLine(line: string): MountInfo | undefined {
  const [left, right] = line.split(" - ", 2);
  if (left === undefined || right === undefined) return undefined;
  const [id, parent, device, root, mountPoint, options, ...optional] = left.split(" ");
  const [type, source, superOptions] = right.split(" ");
  if (root === undefined || mountPoint === undefined || type === undefined) return undefined;
  return {
    id: Number(id),
    parent: Number(parent),
    device: device ?? "",
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(mountPoint),
    options: (options ?? "").split(","),
    optional: optional.filter((field) => field !== ""),
    type,
    source: unescapeOctal(source ?? ""),
    superOptions: (superOptions ?? "").split(","),
  };
}

/** Parses the text of a mountinfo file, in its order. Lines that it does not understand are left out. */
export function parseMountInfo(content: string): MountInfo[] {
  return content
    .split("\n")
    .map(parseLine)
    .filter((entry) => entry !== undefined);
}

/** The mounts of this process's namespace, in the kernel's order (a later one hides an earlier one). */
export function readMounts(): MountInfo[] {
  return parseMountInfo(readFileSync("/proc/self/mountinfo", "utf8"));
}
