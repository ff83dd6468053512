import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRuntime, type Runtime } from "../../../../runtime/index.ts";
import { createTrees } from "../../../../store/trees/index.ts";
import {
  detectCgroups,
  findProgram,
  listCgroups,
  mountOverlay,
  readMachine,
  readMounts,
  removeCgroup,
  unmount,
} from "../../../../system/index.ts";
import { openCacheMounts } from "../cache-mounts.ts";
import type { StepsContext } from "../context.ts";
import type { RunMount, Step } from "../step.ts";
import type { StepNetwork } from "../step-network.ts";
import { createSteps } from "../steps.ts";

const APPLETS =
  "sh cat echo env id ls mount mkdir rm rmdir touch ln sleep true pwd stat hostname head wc grep mv dd test seq nc ip";

const nowhere: StepNetwork = {
  join: () => undefined,
  resolvConf: () => "nameserver 192.0.2.1\n",
  hostGateways: () => ["192.0.2.9"],
};

/** For tests with real steps: folders below `base`, a root of busybox, and what steps have left. */
export async function openWorkbench(base: string, network: StepNetwork = nowhere) {
  const cgroups = detectCgroups();
  const parent = `/${base.slice(base.lastIndexOf("/") + 1)}`;
  const folders = Object.fromEntries(
    ["exec", "exec/build", "scratch", "layers", "layers/empty", "caches", "layer", "roots"].map((name) => {
      mkdirSync(join(base, name), { recursive: true });
      return [name, join(base, name)];
    }),
  );
  const at = (name: string) => folders[name] ?? base;
  if (!existsSync(join(at("layer"), "bin"))) makeLayer(at("layer"));
  const runtime: Runtime = createRuntime({
    execRoot: at("exec"),
    conmon: findProgram("conmon") ?? "conmon",
    runtimes: { crun: { path: findProgram("crun") ?? "crun" } },
    defaultRuntime: "crun",
    cgroups,
  });
  const trees = createTrees();
  const background: Promise<unknown>[] = [];
  const warnings: string[] = [];
  const caches = await openCacheMounts({ folder: at("caches"), trees });
  const context: StepsContext = {
    runtime,
    machine: readMachine(cgroups),
    defaults: {},
    folder: at("exec/build"),
    scratch: at("scratch"),
    layers: { folder: at("layers"), empty: at("layers/empty") },
    cgroupParent: parent,
    network,
    caches,
    trees,
    background: (_what, work) => void background.push(work()),
    warn: (message) => void warnings.push(message),
  };
  const steps = createSteps(context);
  let count = 0;

  return {
    at,
    caches,
    context,
    steps,
    warnings,
    /** A root of its own; `upper` is what its layer would be. */
    root(lowers: readonly string[] = [at("layer")]) {
      const folder = join(at("roots"), `r${process.pid}-${count++}`);
      for (const name of ["upper", "work", "merged"]) mkdirSync(join(folder, name), { recursive: true });
      const target = join(folder, "merged");
      const [upper, work] = [join(folder, "upper"), join(folder, "work")];
      mountOverlay({ target, lowers: [...lowers].reverse(), upper, work, base, options: ["volatile"] });
      return { rootfs: target, upper, close: () => unmount(target) };
    },
    async run(rootfs: string, script: string, options: Partial<Step> = {}) {
      const out: Buffer[][] = [[], [], []];
      const end = await steps.run({
        id: `step-${process.pid}-${count++}`,
        rootfs,
        args: ["/bin/sh", "-c", script],
        env: [],
        network: "none",
        signal: new AbortController().signal,
        onOutput: (stream, chunk) => void out[stream]?.push(chunk),
        ...options,
      });
      return { ...end, out: Buffer.concat(out[1] ?? []).toString(), err: Buffer.concat(out[2] ?? []).toString() };
    },
    /** What is left of steps in the kernel and in the exec root. */
    remains() {
      return [
        ...readdirSync(at("exec/build")),
        ...readdirSync(join(at("exec"), "runtimes/crun")),
        ...readMounts()
          .map(({ mountPoint }) => mountPoint)
          .filter((point) => point.startsWith(at("exec/build")) || point.startsWith(at("scratch"))),
        ...listCgroups(cgroups, parent),
        ...processesOf(base),
      ];
    },
    settled: () => Promise.all(background.splice(0)),
    async close() {
      await Promise.all(background);
      runtime.close();
      await trees.close();
      await removeCgroup(cgroups, parent);
    },
  };
}

export const mounts = (...list: RunMount[]): Partial<Step> => ({ mounts: list });

/** Processes whose root or command line is below the folder, this one excepted. */
function processesOf(base: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(`${base}/exec`);
      } catch {
        return false;
      }
    });
}

function makeLayer(layer: string): void {
  for (const name of ["bin", "etc", "tmp", "proc", "sys", "dev"]) mkdirSync(join(layer, name));
  copyFileSync(findProgram("busybox") ?? "/bin/busybox", join(layer, "bin/busybox"));
  for (const name of APPLETS.split(" ")) symlinkSync("busybox", join(layer, "bin", name));
  writeFileSync(join(layer, "etc/passwd"), "root:x:0:0::/root:/bin/sh\napp:x:77:78::/home/app:/bin/sh\n");
  writeFileSync(join(layer, "etc/group"), "root:x:0:\napp:x:78:\nextra:x:90:app\n");
}
