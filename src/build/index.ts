/**
 * The builder: a Dockerfile becomes a graph, the graph is solved, and what comes of it is an image.
 *
 * Folders: `dockerfile/` reads the file, `checks/` judges it, `graph/` plans, `solver/` runs plans in parallel, `cache/`
 * remembers results, `steps/` solves one vertex with the workers of `ops/`, `output/` hands results out.
 */
export { type Builder, type BuildJob, type Built, createBuilder } from "./build.ts";
export { openStepCache, type StepCache } from "./cache/step-cache.ts";
export type { StackLayer, StepRecord } from "./cache/step-record.ts";
export { type Dockerfile, DockerfileError, parseDockerfile } from "./dockerfile/index.ts";
export type { BaseImage, Graph, ImageNeed, NamedContext, PlannedStep, Vertex } from "./graph/index.ts";
export { createFileOps, createRemoteSources, type RemoteSources } from "./ops/files/index.ts";
export {
  type CacheMounts,
  createStepNetwork,
  createSteps,
  openCacheMounts,
  type Steps,
} from "./ops/run/index.ts";
export type { BuildSettings, ContextFolder } from "./steps/build-context.ts";
export { createFileWork } from "./steps/file-work.ts";
export { type Progress, vertexDigest } from "./steps/progress.ts";
export { StepError } from "./steps/step-error.ts";
export { settledLayer } from "./steps/tree.ts";
