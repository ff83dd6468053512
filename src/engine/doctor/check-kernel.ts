import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { containerCgroupPath, listCgroups, MNT, readMounts, unmount } from "../../system/index.ts";
import type { Check, DoctorContext, Found } from "./finding.ts";

const ID = /^[0-9a-f]{64}$/;

/**
 * No mount, process, cgroup or folder of a run belongs to a container that does not run. Runs come and go while this
 * looks: what is told is what is still there, and still nobody's, a moment later.
 */
export const checkKernel: Check = async (context) => {
  const first = new Set(look(context).map(({ subject }) => subject));
  if (first.size > 0) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return { found: look(context).filter(({ subject }) => first.has(subject)), checked: { runs: runs(context).size } };
};

const SETTLE_MS = 500;

/** Ids with a run, one that begins or ends now included: only a queue that is busy can be in between. */
function runs({ containers }: DoctorContext): Set<string> {
  return new Set([...containers.registry.all()].filter(({ run }) => run !== undefined).map(({ id }) => id));
}

function look(context: DoctorContext): Found[] {
  const live = runs(context);
  return [...mounts(context, live), ...processes(context, live), ...cgroups(context, live), ...folders(context, live)];
}

function mounts({ containers }: DoctorContext, live: ReadonlySet<string>): Found[] {
  const base = join(containers.settings.execRoot, "containers/");
  const lost = readMounts().filter(({ mountPoint }) => {
    const id = mountPoint.startsWith(base) ? (mountPoint.slice(base.length).split("/", 1)[0] ?? "") : "";
    return ID.test(id) && !live.has(id);
  });
  return lost.map(({ mountPoint }) => ({
    kind: "mount",
    severity: "leftover",
    subject: mountPoint,
    problem: "it is mounted for a container that does not run",
    meaning: "it holds the container's layers in use",
    repair: "unmount it",
    mend: async () => unmount(mountPoint, MNT.DETACH | MNT.NOFOLLOW),
  }));
}

/** conmon is started with the container's folder among its arguments. */
function processes({ containers }: DoctorContext, live: ReadonlySet<string>): Found[] {
  const base = join(containers.settings.execRoot, "containers/");
  return readdirSync("/proc").flatMap((name): Found[] => {
    const pid = Number(name);
    const id = Number.isInteger(pid) ? idOfMonitor(pid, base) : undefined;
    if (id === undefined || live.has(id)) return [];
    const subject = `process ${pid} of container ${id}`;
    const problem = "a monitor holds a container that does not run";
    const meaning = "the container's processes may run on without anybody knowing of them";
    const mend = async () => void process.kill(pid, "SIGKILL");
    return [{ kind: "process", severity: "leftover", subject, problem, meaning, repair: "end it", mend }];
  });
}

function idOfMonitor(pid: number, base: string): string | undefined {
  let words: string[];
  try {
    words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return undefined;
  }
  if (!words[0]?.endsWith("conmon")) return undefined;
  const bundle = words[words.findIndex((word) => word === "-b" || word === "--bundle") + 1] ?? "";
  const id = bundle.startsWith(base) ? (bundle.slice(base.length).split("/", 1)[0] ?? "") : "";
  return ID.test(id) ? id : undefined;
}

function cgroups({ containers, host, cgroupParent }: DoctorContext, live: ReadonlySet<string>): Found[] {
  const parent = containerCgroupPath("", cgroupParent).replace(/\/+$/, "");
  const lost = listCgroups(host.cgroups, parent).filter((name) => ID.test(name) && !live.has(name));
  return lost.map((id) => ({
    kind: "cgroup",
    severity: "leftover",
    subject: `${parent}/${id}`,
    problem: "it belongs to a container that does not run",
    meaning: "processes in it may run on; an empty one takes some memory of the kernel",
    repair: "end what is in it and remove it",
    mend: () => containers.runtime.cleanUp({ id, bundle: containers.runs.folder(id), cgroupPath: `${parent}/${id}` }),
  }));
}

function folders({ containers }: DoctorContext, live: ReadonlySet<string>): Found[] {
  const root = join(containers.settings.execRoot, "containers");
  const lost = readdirSync(root).filter((name) => ID.test(name) && !live.has(name));
  return lost.map((id) => ({
    kind: "container",
    severity: "leftover",
    subject: join(root, id),
    problem: "the folder belongs to a run that has ended",
    meaning: "it takes some memory",
    repair: "remove it",
    mend: () => containers.runs.remove(id),
  }));
}
