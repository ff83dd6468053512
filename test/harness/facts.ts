import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Daemon } from "./daemon.ts";

/** What a daemon holds of the machine, read from the kernel. */
export interface Facts {
  /** Resident memory in MiB. */
  memory: number;
  descriptors: number;
  mounts: number;
  /** All processes of its machine, those in containers not counted. */
  processes: number;
}

const namespaceOf = (pid: string) => {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return ""; // it has ended
  }
};

export function factsOf(daemon: Daemon): Facts {
  const own = namespaceOf(String(daemon.machine.init));
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && namespaceOf(name) === own);
  const inner = String(daemon.pid);
  const status = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/status`, "utf8");
    } catch {
      return ""; // it has ended
    }
  };
  const pid = pids.find((each) => /^NSpid:\t.*\t(\d+)$/m.exec(status(each))?.[1] === inner);
  if (pid === undefined) throw new Error("the daemon does not run");
  return {
    memory: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status(pid))?.[1]) / 1024),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    mounts: readFileSync(`/proc/${pid}/mountinfo`, "utf8").split("\n").length - 1,
    processes: pids.length,
  };
}
