import type { ResolvedMount } from "./input.ts";
import type { OciMount } from "./oci.ts";
import { mergeTmpfsOptions } from "./tmpfs.ts";

const DEFAULT_MOUNTS: readonly Required<OciMount>[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: ["ro", "nosuid", "noexec", "nodev"],
  },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777"] },
];

/** A tmpfs with its option text ("size=1m,exec"). Throws "invalid" with Docker's text for an option it does not know. */
export function tmpfsMount(destination: string, data = ""): ResolvedMount {
  const options = ["noexec", "nosuid", "nodev", "rprivate", ...(data === "" ? [] : data.split(","))];
  return { type: "tmpfs", source: "tmpfs", destination, options: mergeTmpfsOptions(options) };
}

export interface MountsInput {
  mounts: readonly ResolvedMount[];
  ipcMode: string;
  shmSize: number;
  shmPath: string | undefined;
  privileged: boolean;
  writableCgroups: boolean;
  readOnlyRoot: boolean;
  init: ResolvedMount | undefined;
}

const depth = (mount: OciMount) => mount.destination.split("/").filter((part) => part !== "").length;

/** /dev/shm of another's making: the host's, or the tmpfs that containers share. */
function sharedMemory(input: MountsInput): ResolvedMount[] {
  if (input.mounts.some((mount) => mount.destination === "/dev/shm")) return [];
  const source = input.ipcMode === "host" ? "/dev/shm" : input.shmPath;
  const options = ["rbind", "rprivate"];
  return source === undefined ? [] : [{ type: "bind", source, destination: "/dev/shm", options }];
}

/** The default mounts that stay: a user's mount replaces the one in its place, one on /dev all below it. */
function remainingDefaults(input: MountsInput, taken: ReadonlySet<string>): Required<OciMount>[] {
  return DEFAULT_MOUNTS.filter(({ destination }) => {
    if (taken.has(destination)) return false;
    if (taken.has("/dev") && destination.startsWith("/dev/")) return false;
    return !(destination === "/dev/shm" && input.ipcMode === "none");
  }).map((mount) => ({
    ...mount,
    options: mount.destination === "/dev/shm" ? [...mount.options, `size=${input.shmSize}`] : [...mount.options],
  }));
}

const ALWAYS_WRITABLE = new Set(["/proc", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev"]);

function withAccess(mount: Required<OciMount>, input: MountsInput): Required<OciMount> {
  const writable =
    (input.privileged && mount.destination === "/sys") || (input.writableCgroups && mount.type === "cgroup");
  if (writable) return { ...mount, options: mount.options.filter((option) => option !== "ro") };
  const readOnly = input.readOnlyRoot && !ALWAYS_WRITABLE.has(mount.destination) && !mount.options.includes("ro");
  return readOnly ? { ...mount, options: [...mount.options, "ro"] } : mount;
}

/** All mounts of a container in the order in which they are made: the defaults, then the others, parents first. */
export function mountsFor(input: MountsInput): OciMount[] {
  const own = [...input.mounts, ...sharedMemory(input)];
  own.sort((a, b) => depth(a) - depth(b));
  const taken = new Set(own.map((mount) => mount.destination));
  const defaults = remainingDefaults(input, taken).map((mount) => withAccess(mount, input));
  return [...defaults, ...(input.init === undefined ? [] : [input.init]), ...own];
}

/** The propagation of the root that mounts with "shared" or "slave" need, or undefined for the runtime's default. */
export function rootPropagation(mounts: readonly ResolvedMount[]): string | undefined {
  const options = new Set(mounts.flatMap((mount) => mount.options));
  if (options.has("shared") || options.has("rshared")) return "shared";
  return options.has("slave") || options.has("rslave") ? "rslave" : undefined;
}
