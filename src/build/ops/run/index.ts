/**
 * RUN: a command in a container of its own, on a root that the caller has mounted.
 *
 * Vocabulary: a *step* is one RUN; its *place* is its folder in the exec root; a *mount root* is what paths of a mount are
 * resolved in; a *cache* is a folder that outlives the steps.
 */
export { type CacheLease, type CacheMountInfo, type CacheMounts, openCacheMounts } from "./cache-mounts.ts";
export type { StepsContext } from "./context.ts";
export type * from "./step.ts";
export { createStepNetwork, type StepNetwork } from "./step-network.ts";
export { createSteps, type Steps } from "./steps.ts";
