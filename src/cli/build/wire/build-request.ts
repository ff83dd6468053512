import type { BuildPlan } from "../build-plan.ts";

/** Files of a build, as the daemon is told of them. */
export type RequestContext =
  | { readonly kind: "synced"; readonly id: string }
  /** Follows on the connection. */
  | { readonly kind: "tar" }
  | { readonly kind: "empty" }
  | { readonly kind: "remote"; readonly url: string }
  | { readonly kind: "image"; readonly reference: string }
  | { readonly kind: "layout"; readonly path: string; readonly reference: string };

/** The parts of a request that were read or sent before it. */
export interface PreparedContexts {
  readonly context: RequestContext;
  readonly contexts: Readonly<Record<string, RequestContext>>;
  /** Text of the Dockerfile; without it, it is read from the context by its name. */
  readonly dockerfile: { readonly name: string; readonly data?: string };
  readonly ignore?: { readonly name: string; readonly data: string };
}

/** The first frame of a build's connection. */
export function buildRequest(plan: BuildPlan, prepared: PreparedContexts, auths: Record<string, object>) {
  const { flags } = plan;
  return {
    ...prepared,
    call: plan.call,
    fix: flags.fix,
    debug: plan.debug,
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
  };
}
