/**
 * Planning: a parsed Dockerfile and what the user asks for become the vertices that the target needs. Nothing is done
 * here, and nothing is read.
 *
 * Vocabulary: a *vertex* is a step, an image or a context; its *inputs* are the vertices that it needs; a stage's *state*
 * is its top vertex and what the image would say of itself.
 */
export { planBuild } from "./plan-build.ts";
export { isRemote } from "./plan-stage.ts";
export type { NamedContext, PlanInput } from "./planner.ts";
export { printGraph } from "./print-graph.ts";
export type * from "./vertex.ts";
