/** Builds: the builder's parts put together, and the ways in which clients ask for a build. */
export type { ClassicBuild } from "./classic-build.ts";
export { createBuilds, type RunningBuilds } from "./create-builds.ts";
export type { CachePrune } from "./prune-cache.ts";
