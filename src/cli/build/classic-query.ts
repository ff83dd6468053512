import type { BuildPlan } from "./build-plan.ts";

/** The parameters of `POST /build`, as Docker's own client sends them. */
export function classicQuery(
  plan: BuildPlan,
): Record<string, string | boolean | number | undefined | readonly string[]> {
  const { flags } = plan;
  const number = (value: number) => (value === 0 ? undefined : value);
  return {
    t: plan.tags,
    q: plan.progress === "quiet",
    nocache: flags["no-cache"],
    rm: flags.rm ? true : "0",
    forcerm: flags["force-rm"],
    pull: flags.pull,
    memory: number(flags.memory),
    memswap: number(flags["memory-swap"]),
    cpushares: number(flags["cpu-shares"]),
    cpuquota: number(flags["cpu-quota"]),
    cpuperiod: number(flags["cpu-period"]),
    cpusetcpus: flags["cpuset-cpus"] || undefined,
    cpusetmems: flags["cpuset-mems"] || undefined,
    cgroupparent: flags["cgroup-parent"] || undefined,
    shmsize: number(flags["shm-size"]),
    ulimits: flags.ulimit.length === 0 ? undefined : JSON.stringify(flags.ulimit),
    buildargs: JSON.stringify(plan.buildArgs),
    labels: JSON.stringify(plan.labels),
    cachefrom: JSON.stringify(plan.cacheFrom.map(({ attributes }) => attributes.ref ?? "")),
    extrahosts: plan.hosts,
    networkmode: flags.network,
    target: flags.target || undefined,
    platform: plan.platforms[0],
    squash: flags.squash,
    securityopt: flags["security-opt"].length === 0 ? undefined : JSON.stringify(flags["security-opt"]),
    version: "1",
  };
}
