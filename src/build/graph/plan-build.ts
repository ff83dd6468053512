import { planStage } from "./plan-stage.ts";
import { type PlanInput, Planner } from "./planner.ts";
import type { Graph, ImageNeed } from "./vertex.ts";

/** Either the graph, or the images that have to be known before there can be one. */
export type Plan = { readonly graph: Graph } | { readonly missing: readonly ImageNeed[] };

/**
 * Decides what a build consists of: the vertices that the target needs, with all words expanded, and what image comes of
 * them. Pure. Throws DockerfileError, and "invalid" for a target that is not there.
 */
export function planBuild(input: PlanInput): Plan {
  const planner = new Planner(input, planStage);
  try {
    const result = planner.target();
    if (planner.missing.size === 0)
      return { graph: { vertices: planner.vertices, steps: planner.steps(), result, platform: input.platform } };
  } catch (error) {
    // What an unknown base would have said may be what is wrong.
    if (planner.missing.size === 0) throw error;
  }
  return { missing: [...planner.missing.values()] };
}
