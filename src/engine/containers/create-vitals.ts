import type { CgroupLayout } from "../../system/index.ts";
import type { Vitals } from "../vitals.ts";
import type { ContainersContext } from "./context.ts";
import { containerStats } from "./stats/container-stats.ts";
import { topContainer } from "./top/top-container.ts";
import { updateContainer } from "./update/update-container.ts";

export interface VitalsHost {
  readonly cgroups: CgroupLayout;
  /** The host's ps, where it has one. */
  readonly ps: string | undefined;
}

/** The Vitals service. */
export function createVitals(context: ContainersContext, host: VitalsHost): Vitals {
  const find = (ref: string) => context.registry.find(ref);
  return {
    top: async (ref, psArguments) => topContainer({ context, ps: host.ps }, find(ref), psArguments),
    stats: async (ref, options, signal) => containerStats(host.cgroups, find(ref), options, signal),
    update: async (ref, change) => updateContainer(context, find(ref), change),
  };
}
