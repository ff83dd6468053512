import { adaptHostConfig, buildSpec, type OciSpec, type ResolvedMount } from "../../../runtime/index.ts";
import type { HostConfig } from "../../../spec/api/index.ts";
import type { ResolvedUser } from "../../../system/index.ts";
import type { StepsContext } from "./context.ts";
import { HOSTNAME } from "./etc-files.ts";
import type { Step, StepLimits } from "./step.ts";

export interface StepSpecInput {
  readonly step: Step;
  readonly containerId: string;
  readonly cgroupPath: string;
  readonly user: ResolvedUser;
  readonly mounts: readonly ResolvedMount[];
  readonly env: readonly string[];
  readonly terminal: boolean;
}

/** A step's OCI document: a container's with Docker's default isolation, named as BuildKit names it. */
export function stepSpec({ machine, defaults }: StepsContext, input: StepSpecInput): OciSpec {
  const { step, terminal } = input;
  const hostname = step.hostname ?? HOSTNAME;
  const spec = buildSpec({
    id: input.containerId,
    config: { Cmd: [...step.args], Env: [...input.env], WorkingDir: step.cwd ?? "/", Tty: terminal },
    hostConfig: adaptHostConfig(hostConfigOf(step), { machine }),
    rootfs: step.rootfs,
    user: input.user,
    mounts: input.mounts,
    devices: { devices: [], rules: [] },
    hostname,
    cgroupPath: input.cgroupPath,
    namespaces: {
      network: step.network === "host" ? "host" : "new",
      pid: "new",
      ipc: "new",
      uts: "new",
      cgroup: machine.cgroupVersion === 2 ? "new" : "host",
    },
    machine,
    defaults,
  });
  // A step is told no name of its host: what it builds would depend on it.
  const env = spec.process.env.filter((entry) => !entry.startsWith("HOSTNAME=") || input.env.includes(entry));
  return { ...spec, process: { ...spec.process, env } };
}

function hostConfigOf({ limits = {}, network, security }: Step): HostConfig {
  return {
    NetworkMode: network,
    IpcMode: "private",
    CgroupnsMode: "",
    ...(security === "insecure" ? { Privileged: true } : {}),
    ...limitsOf(limits),
  };
}

function limitsOf(limits: StepLimits): HostConfig {
  return withoutUndefined({
    Memory: limits.memory,
    MemorySwap: limits.memorySwap,
    CpuShares: limits.cpuShares,
    CpuPeriod: limits.cpuPeriod,
    CpuQuota: limits.cpuQuota,
    CpusetCpus: limits.cpusetCpus,
    CpusetMems: limits.cpusetMems,
    ShmSize: limits.shmSize,
    Ulimits: limits.ulimits === undefined ? undefined : [...limits.ulimits],
  });
}

function withoutUndefined(values: Record<string, unknown>): HostConfig {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as HostConfig;
}
