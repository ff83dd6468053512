import { invalid } from "../../lib/index.ts";
import type { Mount } from "../../spec/api/index.ts";

/** Options by the mount flag that they set or clear: of each flag the last word counts. */
const FLAGS = new Map<string, string>(
  Object.entries({
    ro: "ro",
    rw: "ro",
    suid: "suid",
    nosuid: "suid",
    dev: "dev",
    nodev: "dev",
    exec: "exec",
    noexec: "exec",
    sync: "sync",
    async: "sync",
    dirsync: "dirsync",
    remount: "remount",
    mand: "mand",
    nomand: "mand",
    atime: "atime",
    noatime: "atime",
    diratime: "diratime",
    nodiratime: "diratime",
    relatime: "relatime",
    norelatime: "relatime",
    strictatime: "strictatime",
    nostrictatime: "strictatime",
  }),
);

const PROPAGATION = new Set(["bind", "unbindable", "private", "shared", "slave"].flatMap((name) => [name, `r${name}`]));

const DATA = new Set(["", "size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"]);

function keyOf(option: string): string {
  if (PROPAGATION.has(option)) return "propagation";
  const flag = FLAGS.get(option);
  if (flag !== undefined) return `flag ${flag}`;
  const at = option.indexOf("=");
  const name = at < 0 ? option : option.slice(0, at);
  if (at < 0 || !DATA.has(name)) throw invalid(`invalid tmpfs option ${JSON.stringify(name)}`);
  return `data ${name}`;
}

/** Options without those that a later one overrides, in their order. Throws "invalid" with Docker's text. */
export function mergeTmpfsOptions(options: readonly string[]): string[] {
  const last = new Map<string, number>();
  options.forEach((option, index) => {
    if (option !== "defaults") last.set(keyOf(option), index);
  });
  const kept = new Set(last.values());
  return options.filter((_, index) => kept.has(index));
}

const UNITS: [suffix: string, bytes: number][] = [
  ["g", 2 ** 30],
  ["m", 2 ** 20],
  ["k", 2 ** 10],
];

function sizeOf(bytes: number): string {
  const unit = UNITS.find(([, size]) => bytes % size === 0);
  return unit === undefined ? String(bytes) : `${bytes / unit[1]}${unit[0]}`;
}

const EXTRA = new Set(["exec", "noexec"]);

/** The option text of a `--mount type=tmpfs`, in Docker's order: ro, mode, size, others. */
export function tmpfsData(options: Mount["TmpfsOptions"], readOnly: boolean): string {
  const parts: string[] = [];
  if (readOnly) parts.push("ro");
  if (options?.Mode !== undefined && options.Mode !== 0) parts.push(`mode=${options.Mode.toString(8)}`);
  const size = options?.SizeBytes ?? 0;
  if (size < 0) throw invalid("size must not be negative");
  if (size > 0) parts.push(`size=${sizeOf(size)}`);
  for (const [name = "", value] of options?.Options ?? []) {
    if (!EXTRA.has(name)) throw invalid(`invalid option: ${JSON.stringify(name)}`);
    parts.push(value === undefined ? name : `${name}=${value}`);
  }
  return parts.join(",");
}
