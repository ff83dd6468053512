import { BerthError, invalid } from "../../lib/index.ts";
import { formatPlatform, type Platform, parsePlatform } from "../../spec/index.ts";
import {
  type Dockerfile,
  expandWord,
  findStage,
  globalArgs,
  inInstruction,
  instructionError,
  nearestName,
  type Stage,
  stagesOf,
} from "../dockerfile/index.ts";
import type { BaseImage, ImageNeed, PlannedStep, StageState, Vertex } from "./vertex.ts";

/** Where a name that is no stage leads: files from elsewhere, or an image under another name. */
export type NamedContext = { readonly kind: "files" } | { readonly kind: "image"; readonly reference: string };

export interface PlanInput {
  readonly dockerfile: Dockerfile;
  /** Name or number of a stage; "" for the last. */
  readonly target: string;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  /** Whether steps' names tell the platform. */
  readonly severalPlatforms: boolean;
  readonly contexts: ReadonlyMap<string, NamedContext>;
  readonly noCache: boolean;
  readonly noCacheFilter: readonly string[];
  /** Seconds, where the user has said so; otherwise a stage's times are its base image's. */
  readonly sourceDateEpoch: number | undefined;
  readonly image: (need: ImageNeed) => BaseImage | undefined;
}

/** What the stages of one plan share. */
export class Planner {
  readonly input: PlanInput;
  readonly stages: readonly Stage[];
  readonly globals: ReadonlyMap<string, string>;
  readonly vertices = new Map<string, Vertex>();
  readonly missing = new Map<string, ImageNeed>();
  readonly #steps = new Map<number, PlannedStep[]>();
  readonly #states = new Map<number, StageState>();
  readonly #contextImages = new Map<string, string>();
  readonly #path: number[] = [];

  readonly #planStage: (planner: Planner, stage: Stage) => StageState;

  constructor(input: PlanInput, planStage: (planner: Planner, stage: Stage) => StageState) {
    this.input = input;
    this.#planStage = planStage;
    const { dockerfile, buildArgs, platform, buildPlatform, target } = input;
    const { metaArgs, stages } = stagesOf(dockerfile);
    const [first] = metaArgs;
    const make = () =>
      globalArgs({
        buildPlatform,
        targetPlatform: platform,
        ...(target === "" ? {} : { target }),
        buildArgs,
        metaArgs,
        escape: dockerfile.directives.escape,
      });
    this.globals = first === undefined ? make() : inInstruction(dockerfile, first, make);
    this.stages = stages;
  }

  target(): StageState {
    const { target, dockerfile } = this.input;
    if (this.stages.length === 0) throw invalid("dockerfile contains no stages to build");
    if (target === "") return this.stage(this.stages.length - 1);
    const found = findStage(this.stages, target);
    if (found !== undefined) return this.stage(found.index);
    const near = nearestName(
      target,
      this.stages.flatMap(({ name }) => name ?? []),
    );
    throw invalid(
      `target stage "${target}" could not be found${near === undefined ? "" : ` (did you mean ${near}?)`}`,
      near === undefined ? {} : { hint: `${dockerfile.file} has a stage ${near}` },
    );
  }

  stage(index: number): StageState {
    const known = this.#states.get(index);
    if (known !== undefined) return known;
    const stage = this.stages[index];
    if (stage === undefined) throw new BerthError("internal", `there is no stage ${index}`);
    if (this.#path.includes(index))
      throw instructionError(this.input.dockerfile, stage.from, `circular dependency detected on stage: ${index}`);
    this.#path.push(index);
    const state = this.#planStage(this, stage);
    this.#path.pop();
    this.#states.set(index, state);
    return state;
  }

  note(stage: Stage, step: PlannedStep): void {
    const steps = this.#steps.get(stage.index) ?? [];
    this.#steps.set(stage.index, steps);
    steps.push(step);
  }

  steps(): PlannedStep[] {
    return [...this.#steps].sort(([a], [b]) => a - b).flatMap(([, steps]) => steps);
  }

  add(vertex: Vertex): string {
    if (!this.vertices.has(vertex.id)) this.vertices.set(vertex.id, vertex);
    return vertex.id;
  }

  /** FROM's words with global arguments in them. */
  fromOf(stage: Stage): { base: string; platform: Platform } {
    const { dockerfile, platform } = this.input;
    return inInstruction(dockerfile, stage.from, () => {
      const options = { escape: dockerfile.directives.escape, lookup: (name: string) => this.globals.get(name) };
      const base = expandWord(stage.from.base, options);
      if (base === "")
        throw instructionError(dockerfile, stage.from, `base name (${stage.from.base}) should not be blank`, {
          near: stage.from.base,
        });
      const text = stage.from.platform === undefined ? "" : expandWord(stage.from.platform, options);
      return { base, platform: text === "" ? platform : parsePlatform(text) };
    });
  }

  /** The image of that name, which may be a named context's; a placeholder where it is not known yet. */
  image(name: string, platform: Platform): BaseImage | undefined {
    const context = this.input.contexts.get(name.toLowerCase());
    const reference = context?.kind === "image" ? context.reference : name;
    const need = { reference, platform };
    const image = this.input.image(need);
    if (image === undefined) this.missing.set(`${reference} ${formatPlatform(platform)}`, need);
    return image;
  }

  imageVertex(image: BaseImage, platform: Platform, name: string, epoch: bigint): string {
    return this.add({
      kind: "image",
      id: `image ${image.id}`,
      name,
      platform,
      inputs: [],
      noCache: false,
      epoch,
      image,
    });
  }

  contextVertex(name: string): string {
    return this.add({
      kind: "context",
      id: `context ${name}`,
      name: name === "" ? "[internal] load build context" : `[context ${name}] load from client`,
      platform: this.input.buildPlatform,
      inputs: [],
      noCache: false,
      epoch: 0n,
      context: name,
    });
  }

  /** The vertex that `--from` means: a stage before this one, a named context, or an image. undefined is an empty tree. */
  sourceOf(reference: string, before: Stage, platform: Platform): string | undefined {
    const named = this.input.contexts.get(reference.toLowerCase());
    const stage = findStage(this.stages, reference, before.index);
    if (stage !== undefined && named === undefined) return this.stage(stage.index).top;
    if (named?.kind === "files") return this.contextVertex(reference.toLowerCase());
    if (/^\d+$/.test(reference))
      throw instructionError(
        this.input.dockerfile,
        before.from,
        `invalid from flag value ${reference}: stage index is out of range`,
      );
    const known = this.#contextImages.get(reference);
    if (known !== undefined) return known;
    const image = this.image(reference, platform);
    if (image === undefined) return undefined;
    const id = this.imageVertex(image, platform, `FROM ${image.name}`, 0n);
    this.#contextImages.set(reference, id);
    return id;
  }
}
