import type { createLimiter } from "../../lib/index.ts";
import type { BlobStore, Lease } from "../../store/index.ts";
import type { LayerStore } from "../../store/layers/index.ts";
import type { StepCache } from "../cache/step-cache.ts";
import type { StepRecord } from "../cache/step-record.ts";
import { type CopyVertex, isRemote, type RunVertex, type StepVertex, type Vertex } from "../graph/index.ts";
import type { Step, Steps } from "../ops/run/index.ts";
import type { SharedWork } from "../solver/index.ts";
import type { BuildSettings, ContextFolder } from "./build-context.ts";
import type { CopySource, FileOps } from "./file-ops.ts";
import type { Progress } from "./progress.ts";
import { runVertex, stepOf } from "./run-step.ts";
import { sealLayer } from "./seal-layer.ts";
import { StepError } from "./step-error.ts";
import { stepKey } from "./step-key.ts";
import { type Roots, settledLayer, type Tree, type TreeLayer } from "./tree.ts";

/** What all builds of an engine share. */
export interface StepDeps {
  readonly layers: LayerStore;
  readonly blobs: BlobStore;
  readonly roots: Roots;
  readonly cache: StepCache;
  readonly steps: Steps;
  readonly files: FileOps;
  readonly shared: SharedWork<OutputEvent>;
  readonly places: ReturnType<typeof createLimiter>;
  background(what: string, work: () => Promise<unknown>): void;
}

export interface OutputEvent {
  readonly stream: 1 | 2;
  readonly chunk: Buffer;
}

/** What is one build's. */
export interface StepSession {
  readonly settings: BuildSettings;
  readonly progress: Progress;
  readonly lease: Lease;
  /** Layers in the making: the build is over when they have settled. */
  readonly seals: Set<Promise<unknown>>;
  /** Called with the step and its root where it has failed, before the root goes. */
  readonly onFailure?: (vertex: RunVertex, root: string, step: Step) => Promise<void>;
}

/** A vertex's result: a tree, or a context's folder. */
export type Result = Tree | ContextFolder;
export type Inputs = ReadonlyMap<string, Result>;

const isTree = (result: Result | undefined): result is Tree => result !== undefined && "layers" in result;

const EMPTY: Tree = { layers: [], key: "scratch" };

/** Solves one vertex of a build, from the cache where that has it. */
export async function solveVertex(
  deps: StepDeps,
  session: StepSession,
  vertex: Vertex,
  inputs: Inputs,
  signal: AbortSignal,
): Promise<Result> {
  const { progress } = session;
  if (vertex.kind === "image") {
    const layers = vertex.image.layers;
    session.lease.hold(...layers.flatMap(({ chainId, blob }) => [chainId, blob.digest]));
    progress.cached(vertex);
    return treeOf(deps, layers, layers.at(-1)?.chainId ?? "scratch");
  }
  if (vertex.kind === "context") {
    const folder = session.settings.contexts.get(vertex.context);
    if (folder === undefined) throw new Error(`there is no context ${vertex.context}`);
    progress.done(vertex);
    return folder;
  }
  try {
    return await solveStep(deps, session, vertex, inputs, signal);
  } catch (error) {
    const failure = error instanceof StepError && error.vertex.id === vertex.id ? error : new StepError(vertex, error);
    progress.done(vertex, signal.aborted ? "context canceled" : failure.message);
    throw failure;
  }
}

function treeOf(deps: StepDeps, stack: StepRecord["stack"], key: string): Tree {
  const layers = stack.map((layer): TreeLayer => {
    const known = deps.layers.get(layer.chainId);
    if (known === undefined) throw new Error(`layer ${layer.chainId} is missing`);
    return settledLayer(known.path, layer);
  });
  return { layers, key };
}

async function solveStep(
  deps: StepDeps,
  session: StepSession,
  vertex: StepVertex,
  inputs: Inputs,
  signal: AbortSignal,
): Promise<Tree> {
  const tree = baseOf(vertex, inputs);
  const lookup = await keysOf(deps, vertex, tree, inputs, signal);
  const hit = vertex.noCache ? undefined : await cached(deps, tree, lookup);
  if (hit !== undefined) {
    session.lease.hold(...hit.stack.flatMap(({ chainId, blob }) => [chainId, blob.digest]));
    deps.cache.used(hit);
    session.progress.cached(vertex);
    return treeOf(deps, hit.stack, hit.key);
  }
  const key = await lookup.key();
  session.progress.begin(vertex);
  const listen = ({ stream, chunk }: OutputEvent) => session.progress.log(vertex, stream, chunk);
  // A build that wants a step anew shares with nobody.
  const shareKey = vertex.noCache ? `${key} ${Math.random()}` : key;
  const layer = await deps.shared.run(shareKey, { signal, listen }, (inner, emit) =>
    execute(deps, session, { vertex, tree, inputs, key, quick: lookup.quick, signal: inner, emit }),
  );
  session.progress.done(vertex);
  holdWhenSealed(session, layer);
  return { layers: [...tree.layers, layer], key };
}

/** Another build may have made it: this one holds it, too. */
function holdWhenSealed({ lease, seals }: StepSession, layer: TreeLayer): void {
  seals.add(layer.sealed);
  layer.sealed.then(
    ({ chainId, blob }) => lease.hold(chainId, blob.digest),
    () => {},
  );
}

function baseOf(vertex: StepVertex, inputs: Inputs): Tree {
  const base = vertex.base === undefined ? undefined : inputs.get(vertex.base);
  if (base === undefined) return EMPTY;
  if (isTree(base)) return base;
  throw new Error("a stage cannot begin with a folder");
}

interface Lookup {
  /** By where the sources come from, which is known at once; undefined where there is no such key. */
  readonly quick: string | undefined;
  /** By what the sources hold. */
  readonly key: () => Promise<string>;
}

async function keysOf(
  deps: StepDeps,
  vertex: StepVertex,
  tree: Tree,
  inputs: Inputs,
  signal: AbortSignal,
): Promise<Lookup> {
  const others = sourcesOf(vertex);
  if (others.length === 0) return { quick: undefined, key: async () => stepKey(vertex, tree.key, []) };
  const trees = others.flatMap((id) => (isTree(inputs.get(id)) ? [inputs.get(id) as Tree] : []));
  const quick =
    trees.length === others.length ? stepKey(vertex, tree.key, ["by key", ...trees.map(({ key }) => key)]) : undefined;
  let known: Promise<string> | undefined;
  const hash = async () => {
    const hashes =
      vertex.kind === "copy"
        ? [await hashCopy(deps, vertex, inputs, signal)]
        : await hashMounts(deps, vertex as RunVertex, inputs, signal);
    return stepKey(vertex, tree.key, hashes);
  };
  return {
    quick,
    key: () => {
      known ??= hash();
      return known;
    },
  };
}

const sourcesOf = (vertex: StepVertex): string[] => {
  if (vertex.kind === "run") return vertex.mounts.flatMap(({ from }) => from ?? []);
  if (vertex.kind === "workdir") return [];
  // What ADD fetches is told by its content, too.
  return vertex.from === undefined ? vertex.instruction.sources.filter(isRemote) : [vertex.from];
};

/** Runs `use` with the files of a vertex in view: a folder, or a tree that is mounted. */
async function withSource<T>(
  { roots }: StepDeps,
  id: string | undefined,
  inputs: Inputs,
  use: (source: CopySource | undefined) => Promise<T>,
): Promise<T> {
  const input = id === undefined ? undefined : inputs.get(id);
  if (input === undefined) return use(undefined);
  if (!isTree(input)) return use({ root: input.path, context: input.id });
  return roots.readable(input.layers, (root) => use({ root }));
}

function hashCopy(deps: StepDeps, vertex: CopyVertex, inputs: Inputs, signal: AbortSignal): Promise<string> {
  const { instruction, cwd } = vertex;
  return withSource(deps, vertex.from, inputs, (source) => deps.files.hash({ instruction, source, cwd, signal }));
}

async function hashMounts(deps: StepDeps, vertex: RunVertex, inputs: Inputs, signal: AbortSignal): Promise<string[]> {
  const hashes: string[] = [];
  for (const { mount, from } of vertex.mounts) {
    if (from === undefined) continue;
    const path = mount.source ?? "/";
    hashes.push(
      await withSource(deps, from, inputs, (source) =>
        source === undefined ? Promise.resolve("") : deps.files.hashPath(source, path, signal),
      ),
    );
  }
  return hashes;
}

/** A result that stands on the very layers that this build stands on. */
async function cached({ cache }: StepDeps, tree: Tree, { quick, key }: Lookup): Promise<StepRecord | undefined> {
  const byPlace = quick === undefined ? undefined : cache.get(quick);
  const record = byPlace ?? cache.get(await key());
  if (record === undefined || record.stack.length !== tree.layers.length + 1) return undefined;
  const below = await tree.layers.at(-1)?.sealed;
  if (record.stack.at(-2)?.chainId !== below?.chainId) return undefined;
  if (quick !== undefined && byPlace === undefined) cache.alias(quick, record);
  return record;
}

interface Execution {
  readonly vertex: StepVertex;
  readonly tree: Tree;
  readonly inputs: Inputs;
  readonly key: string;
  readonly quick: string | undefined;
  readonly signal: AbortSignal;
  readonly emit: (event: OutputEvent) => void;
}

async function execute(deps: StepDeps, session: StepSession, execution: Execution): Promise<TreeLayer> {
  const { vertex, tree, key, quick, signal } = execution;
  const { layers, roots, cache } = deps;
  const draft = layers.draft(tree.layers.at(-1)?.path);
  try {
    await roots.writable(tree.layers, draft, (root) => perform(deps, session, execution, root));
    signal.throwIfAborted();
  } catch (error) {
    deps.background("remove what a failed step has written", () => layers.discard(draft));
    throw error;
  }
  const layer = sealLayer(deps, {
    draft,
    below: tree.layers.at(-1),
    epoch: vertex.epoch,
    // Times of a context's files are those of whoever has checked them out.
    exactTime:
      vertex.kind !== "run" &&
      !isTree(vertex.kind === "copy" && vertex.from !== undefined ? execution.inputs.get(vertex.from) : undefined),
    lease: session.lease,
    onSealed(layer, size) {
      void Promise.all(tree.layers.map(({ sealed }) => sealed)).then(
        (below) => {
          cache.put({ key, stack: [...below, layer], size, description: descriptionOf(vertex) });
          const record = cache.get(key);
          if (quick !== undefined && record !== undefined) cache.alias(quick, record);
        },
        () => {},
      );
    },
  });
  session.seals.add(layer.sealed);
  return layer;
}

/** "[stage 1/2] RUN true" without its place, which another Dockerfile may have elsewhere. */
const descriptionOf = ({ name }: StepVertex) => name.replace(/^\[[^\]]*\] /, "");

async function perform(deps: StepDeps, session: StepSession, execution: Execution, root: string): Promise<void> {
  const { vertex, inputs, signal, emit } = execution;
  if (vertex.kind === "workdir") return deps.files.workdir(root, vertex.path, vertex.user);
  if (vertex.kind === "copy") {
    const { instruction, cwd } = vertex;
    return withSource(deps, vertex.from, inputs, (source) =>
      deps.files.copy({ instruction, source, cwd, signal, target: root }),
    );
  }
  const input = {
    vertex,
    root,
    settings: session.settings,
    sourceOf: (id: string) => {
      const source = inputs.get(id);
      return source === undefined || isTree(source) ? source : { folder: source.path, id: source.id };
    },
    onOutput: (stream: 1 | 2, chunk: Buffer) => emit({ stream, chunk }),
    signal,
  };
  try {
    await deps.places(() => runVertex(deps.steps, input));
  } catch (error) {
    if (!signal.aborted) await session.onFailure?.(vertex, root, stepOf(input));
    throw error;
  }
}
