import { statSync } from "node:fs";
import { invalid } from "../../lib/index.ts";
import type { Machine } from "../../system/index.ts";
import type { ResolvedMount } from "./input.ts";

export interface BindMount {
  source: string;
  destination: string;
  readOnly?: boolean;
  /** "rprivate" unless given; "" leaves it to the runtime, as Docker does for volumes. */
  propagation?: string;
  /** Without what is mounted below the source. */
  nonRecursive?: boolean;
  /** Read-only at the top, writable in what is mounted below. */
  readOnlyNonRecursive?: boolean;
  /** An error where the kernel cannot make what is mounted below read-only too. */
  readOnlyForceRecursive?: boolean;
}

const PROPAGATIONS = new Set(["private", "rprivate", "shared", "rshared", "slave", "rslave"]);

/** Whether mount_setattr(2) can make a whole tree read-only: Linux 5.12. */
function canReadOnlyRecursively(machine: Machine): boolean {
  return machine.kernel.major > 5 || (machine.kernel.major === 5 && machine.kernel.minor >= 12);
}

function readOnlyOption(mount: BindMount, machine: Machine): string {
  if (mount.readOnlyNonRecursive && mount.readOnlyForceRecursive) {
    throw invalid("mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive");
  }
  if (mount.readOnlyNonRecursive || isFile(mount.source)) return "ro";
  if (canReadOnlyRecursively(machine)) return "rro";
  if (mount.readOnlyForceRecursive) throw invalid("rro is not supported: kernel version must be >= 5.12");
  return "ro";
}

/** Nothing is mounted below a file, and crun 1.8 fails to make one recursively read-only. */
function isFile(source: string): boolean {
  const stat = statSync(source, { throwIfNoEntry: false });
  return stat !== undefined && !stat.isDirectory();
}

/**
 * A bind of a host path, or of a file that the engine provides. Looks at the source where it is to be read-only: file or
 * directory. Throws "invalid" with Docker's texts.
 */
export function bindMount(mount: BindMount, machine: Machine): ResolvedMount {
  const propagation = mount.propagation ?? "rprivate";
  if (propagation !== "" && !PROPAGATIONS.has(propagation)) {
    throw invalid(`invalid propagation mode: ${propagation}`);
  }
  return {
    type: "bind",
    source: mount.source,
    destination: mount.destination,
    options: [
      mount.nonRecursive ? "bind" : "rbind",
      ...(mount.readOnly ? [readOnlyOption(mount, machine)] : []),
      ...(propagation === "" ? [] : [propagation]),
    ],
  };
}
