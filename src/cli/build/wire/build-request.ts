import type { BuildRequest, RegistryAuth } from "../../../spec/api/index.ts";
import type { BuildPlan } from "../build-plan.ts";

/** The parts of a request that were read or sent before it. */
export type PreparedContexts = Pick<BuildRequest, "context" | "contexts" | "dockerfile" | "ignore">;

/** The first frame of a build's connection. */
export function buildRequest(
  plan: BuildPlan,
  prepared: PreparedContexts,
  { auths, epoch }: { auths: Record<string, RegistryAuth>; epoch: string | undefined },
): BuildRequest {
  const { flags } = plan;
  return {
    ...prepared,
    call: plan.call,
    fix: flags.fix,
    ...(plan.debug === undefined ? {} : { debug: plan.debug }),
    target: flags.target,
    buildArgs: plan.buildArgs,
    labels: plan.labels,
    annotations: plan.annotations,
    tags: plan.tags,
    platforms: plan.platforms,
    outputs: plan.outputs.map(({ type, attributes, destination }) => ({
      type,
      attributes,
      toClient: destination !== undefined,
    })),
    cacheFrom: plan.cacheFrom,
    cacheTo: plan.cacheTo,
    secrets: plan.secrets,
    ssh: plan.ssh.map(({ id }) => id),
    hosts: plan.hosts,
    noCache: flags["no-cache"],
    noCacheFilter: flags["no-cache-filter"],
    pull: flags.pull,
    squash: flags.squash,
    network: flags.network,
    allow: flags.allow,
    limits: {
      memory: flags.memory,
      memorySwap: flags["memory-swap"],
      cpuShares: flags["cpu-shares"],
      cpuPeriod: flags["cpu-period"],
      cpuQuota: flags["cpu-quota"],
      cpusetCpus: flags["cpuset-cpus"],
      cpusetMems: flags["cpuset-mems"],
      shmSize: flags["shm-size"],
      ulimits: flags.ulimit,
      cgroupParent: flags["cgroup-parent"],
    },
    auths,
    ...(epoch === undefined || !/^\d{1,12}$/.test(epoch) ? {} : { sourceDateEpoch: Number(epoch) }),
  };
}
