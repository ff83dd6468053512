import { availableParallelism } from "node:os";
import { BerthError, createLimiter, invalid } from "../lib/index.ts";
import type { BuildStatus } from "../spec/api/index.ts";
import { type Digest, digestOf, formatPlatform, type Platform } from "../spec/index.ts";
import type { BlobStore, Leases } from "../store/index.ts";
import type { LayerStore } from "../store/layers/index.ts";
import type { StepCache } from "./cache/step-cache.ts";
import type { StackLayer } from "./cache/step-record.ts";
import type { Dockerfile } from "./dockerfile/index.ts";
import { type BaseImage, type Graph, type ImageNeed, type NamedContext, planBuild } from "./graph/index.ts";
import { imageDocument } from "./image-document.ts";
import type { Steps } from "./ops/run/index.ts";
import { createSharedWork, solveGraph } from "./solver/index.ts";
import type { BuildSettings } from "./steps/build-context.ts";
import type { FileOps } from "./steps/file-ops.ts";
import { createProgress, type Progress, type ProgressVertex } from "./steps/progress.ts";
import { type OutputEvent, type Result, type StepDeps, type StepSession, solveVertex } from "./steps/solve-step.ts";
import { createRoots, type Roots, type Tree } from "./steps/tree.ts";

export interface BuilderDeps {
  readonly layers: LayerStore;
  readonly blobs: BlobStore;
  readonly leases: Leases;
  readonly cache: StepCache;
  readonly steps: Steps;
  readonly files: FileOps;
  /** In the exec root; `Steps.recover` clears it. */
  readonly folder: string;
  background(what: string, work: () => Promise<unknown>): void;
}

/** One build, its files being here. */
export interface BuildJob {
  readonly dockerfile: Dockerfile;
  readonly target: string;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, string>>;
  /** At least one. */
  readonly platforms: readonly Platform[];
  readonly buildPlatform: Platform;
  /** Names that lead elsewhere; files among them are in `settings.contexts`. */
  readonly contexts: ReadonlyMap<string, NamedContext>;
  readonly noCache: boolean;
  readonly noCacheFilter: readonly string[];
  readonly sourceDateEpoch: number | undefined;
  readonly squash: boolean;
  readonly settings: BuildSettings;
  /** The image of a name, from the store or a registry. */
  image(need: ImageNeed, progress: Progress, signal: AbortSignal): Promise<BaseImage>;
  emit(status: BuildStatus): void;
  /** Told of the graph before it is solved. */
  planned?(graph: Graph): void;
  readonly onFailure?: StepSession["onFailure"];
  readonly signal: AbortSignal;
}

/** What was built for one platform: an image's document and layers, all of them in the store. */
export interface Built {
  readonly platform: Platform;
  readonly config: Buffer;
  readonly id: Digest;
  readonly layers: readonly StackLayer[];
  readonly base: BaseImage | undefined;
  readonly graph: Graph;
}

export interface Builder {
  /**
   * Builds, then calls `use` with the result, which nothing collects meanwhile. Rejects with DockerfileError, StepError,
   * or as the job's parts do; then nothing is left but what other builds can use.
   */
  build<T>(job: BuildJob, use: (built: readonly Built[], progress: Progress) => Promise<T>): Promise<T>;
  readonly roots: Roots;
}

export function createBuilder(deps: BuilderDeps): Builder {
  const roots = createRoots({ folder: deps.folder, layers: deps.layers });
  const shared: StepDeps = {
    ...deps,
    roots,
    shared: createSharedWork<OutputEvent>(),
    // More than processors, as steps wait as well; not without bound, as each is a container.
    places: createLimiter(Math.max(4, availableParallelism() * 2)),
  };
  return { build: (job, use) => build(deps, shared, job, use), roots };
}

async function build<T>(
  deps: BuilderDeps,
  shared: StepDeps,
  job: BuildJob,
  use: (built: readonly Built[], progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = createProgress(job.emit);
  const lease = deps.leases.take();
  const seals = new Set<Promise<unknown>>();
  const { settings, onFailure } = job;
  const session: StepSession = {
    settings,
    progress,
    lease,
    seals,
    ...(onFailure === undefined ? {} : { onFailure }),
  };
  try {
    const images = new Map<string, BaseImage>();
    const graphs: Graph[] = [];
    for (const platform of job.platforms) graphs.push(await plan(job, platform, images, progress, lease.hold));
    for (const graph of graphs) job.planned?.(graph);
    const control = new AbortController();
    const signal = AbortSignal.any([job.signal, control.signal]);
    const each = graphs.map((graph) => solve(deps, shared, session, job, graph, signal));
    // Platforms are built at the same time; the first failure ends all.
    for (const one of each) one.catch((error: unknown) => control.abort(error));
    const settled = await Promise.allSettled(each);
    const failure = settled.find((one) => one.status === "rejected" && one.reason === control.signal.reason);
    if (failure?.status === "rejected") throw failure.reason;
    return await use(await Promise.all(each), progress);
  } finally {
    await Promise.allSettled(seals);
    lease.release();
  }
}

/** Rounds of planning: each finds images that only the ones before it have named. */
const ROUNDS = 100;

async function plan(
  job: BuildJob,
  platform: Platform,
  images: Map<string, BaseImage>,
  progress: Progress,
  hold: (...ids: string[]) => void,
): Promise<Graph> {
  const keyOf = (need: ImageNeed) => `${need.reference} ${formatPlatform(need.platform)}`;
  for (let round = 0; round < ROUNDS; round++) {
    const { dockerfile, target, buildArgs, buildPlatform, contexts, noCache, noCacheFilter, sourceDateEpoch } = job;
    const severalPlatforms = job.platforms.length > 1;
    const options = { dockerfile, target, buildArgs, buildPlatform, contexts, noCache, noCacheFilter, sourceDateEpoch };
    const image = (need: ImageNeed) => images.get(keyOf(need));
    const planned = planBuild({ ...options, platform, severalPlatforms, image });
    if ("graph" in planned) return planned.graph;
    await Promise.all(
      planned.missing.map(async (need) => {
        const found = await named(job, need, progress);
        hold(found.id, ...found.layers.flatMap(({ chainId, blob }) => [chainId, blob.digest]));
        images.set(keyOf(need), found);
      }),
    );
  }
  throw new BerthError("internal", "the plan does not come to an end");
}

async function named(job: BuildJob, need: ImageNeed, progress: Progress): Promise<BaseImage> {
  const name = `[internal] load metadata for ${need.reference}`;
  const vertex: ProgressVertex = {
    id: `metadata ${need.reference} ${formatPlatform(need.platform)}`,
    name,
    inputs: [],
  };
  progress.begin(vertex);
  try {
    const image = await job.image(need, progress, job.signal);
    progress.done(vertex);
    return image;
  } catch (error) {
    progress.done(vertex, error instanceof Error ? error.message : String(error));
    throw error;
  }
}

async function solve(
  deps: BuilderDeps,
  shared: StepDeps,
  session: StepSession,
  job: BuildJob,
  graph: Graph,
  signal: AbortSignal,
): Promise<Built> {
  const { result, vertices } = graph;
  for (const vertex of vertices.values()) session.progress.announce(vertex);
  const wanted = result.top === undefined ? [] : [result.top];
  const results = await solveGraph<typeof vertices extends ReadonlyMap<string, infer V> ? V : never, Result>(
    vertices,
    wanted,
    signal,
    (vertex, inputs, inner) => solveVertex(shared, session, vertex, inputs, inner),
  );
  const tree = result.top === undefined ? undefined : results.get(result.top);
  if (tree !== undefined && !("layers" in tree)) throw invalid("a build cannot end with a context");
  const layers = await sealed(tree);
  const diffIds = layers.map(({ diffId }) => diffId);
  const config = imageDocument({ state: result, diffIds, labels: job.labels, squashed: false });
  await deps.blobs.put(config);
  const id = digestOf(config);
  session.lease.hold(id);
  return { platform: result.platform, config, id, layers, base: result.base, graph };
}

const sealed = (tree: Tree | undefined): Promise<StackLayer[]> =>
  Promise.all((tree?.layers ?? []).map((layer) => layer.sealed));
