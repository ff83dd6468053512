import { conflict } from "../../../lib/index.ts";
import { containerOf, type SpecNamespaces } from "../../../runtime/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";

/** Namespaces of a start. Throws Docker's texts where a container that they are to be shared with does not run. */
export function namespacesOf(context: ContainersContext, container: Container): SpecNamespaces {
  const {
    NetworkMode: network,
    PidMode: pid,
    IpcMode: ipc,
    UTSMode: uts,
    CgroupnsMode: cgroup,
  } = container.record.hostConfig;
  const joined = (mode: string | undefined, kind: "net" | "pid" | "ipc") => {
    const id = containerOf(mode);
    if (id === undefined) return mode === "host" ? ("host" as const) : ("new" as const);
    return { path: `/proc/${pidOf(context, id, kind)}/ns/${kind}` };
  };
  return {
    network: joined(network, "net"),
    pid: joined(pid, "pid"),
    ipc: joined(ipc, "ipc"),
    uts: uts === "host" ? "host" : "new",
    cgroup: cgroup === "private" ? "new" : "host",
  };
}

function pidOf(context: ContainersContext, id: string, kind: "net" | "pid" | "ipc"): number {
  const other = context.registry.find(id);
  if (other.run === undefined) {
    const what = kind === "net" ? "network" : kind.toUpperCase();
    throw conflict(`cannot join ${what} of a non running container: ${other.id}`);
  }
  return other.run.handle.pid;
}
