import {
  argValue,
  Complaint,
  type Dockerfile,
  expandInstruction,
  expandWord,
  findStage,
  globalArgs,
  PREDEFINED_ARGS,
  type Stage,
  type StageInstruction,
  stagesOf,
} from "../dockerfile/index.ts";
import type { BaseFacts, CheckFacts } from "./facts.ts";

/** A name that is used without being set, and what it may have meant. */
export interface UnsetUse {
  readonly instruction: StageInstruction | Stage["from"];
  readonly name: string;
  readonly known: readonly string[];
}

/** A stage with its base found and its words expanded as far as that goes. */
export interface CheckedStage {
  readonly stage: Stage;
  /** The expanded FROM, or what it says where it does not expand. */
  readonly base: string;
  /** The earlier stage that it builds on. */
  readonly parent: CheckedStage | undefined;
  /** Known facts of the image that it builds on; undefined for a stage, scratch or an unknown image. */
  readonly image: BaseFacts | undefined;
  /** True when neither image nor stage is known: it may set anything. */
  readonly unknownBase: boolean;
  readonly instructions: readonly StageInstruction[];
  readonly env: ReadonlyMap<string, string>;
  readonly declared: ReadonlySet<string>;
  readonly unset: readonly UnsetUse[];
}

export interface CheckContext {
  readonly dockerfile: Dockerfile;
  readonly facts: CheckFacts;
  readonly global: ReadonlyMap<string, string>;
  readonly defaults: ReadonlyMap<string, string>;
  readonly stages: readonly CheckedStage[];
  /** The stage that becomes the image, then the stages that it stands on. */
  readonly final: readonly CheckedStage[];
}

const LINUX = { os: "linux", architecture: "amd64" };

/** Runs once over the file, so that each rule only has to look. Throws DockerfileError where there is no stage. */
export function createContext(dockerfile: Dockerfile, facts: CheckFacts): CheckContext {
  const { metaArgs, stages } = stagesOf(dockerfile);
  const input = {
    buildPlatform: facts.buildPlatform ?? LINUX,
    targetPlatform: facts.targetPlatform ?? facts.buildPlatform ?? LINUX,
    target: facts.target,
    metaArgs,
    escape: dockerfile.directives.escape,
  };
  const global = orEmpty(() => globalArgs({ ...input, buildArgs: facts.buildArgs ?? new Map() }));
  const defaults = orEmpty(() => globalArgs({ ...input, buildArgs: new Map() }));
  const checked: CheckedStage[] = [];
  for (const stage of stages) checked.push(new StageWalk(stage, checked, dockerfile, facts, global).run());
  const target = facts.target === undefined ? undefined : findStage(stages, facts.target);
  return {
    dockerfile,
    facts,
    global,
    defaults,
    stages: checked,
    final: chain(checked[target?.index ?? checked.length - 1]),
  };
}

function orEmpty(work: () => Map<string, string>): Map<string, string> {
  try {
    return work();
  } catch (error) {
    if (error instanceof Complaint) return new Map();
    throw error;
  }
}

function chain(stage: CheckedStage | undefined): CheckedStage[] {
  const all: CheckedStage[] = [];
  for (let current = stage; current !== undefined; current = current.parent) all.push(current);
  return all;
}

/** Follows one stage from its base to its end. */
class StageWalk {
  readonly #stage: Stage;
  readonly #earlier: readonly CheckedStage[];
  readonly #facts: CheckFacts;
  readonly #global: ReadonlyMap<string, string>;
  readonly #token: string;
  readonly #env = new Map<string, string>();
  readonly #declared = new Set<string>(PREDEFINED_ARGS);
  readonly #unset: UnsetUse[] = [];

  constructor(
    stage: Stage,
    earlier: readonly CheckedStage[],
    dockerfile: Dockerfile,
    facts: CheckFacts,
    global: ReadonlyMap<string, string>,
  ) {
    this.#stage = stage;
    this.#earlier = earlier;
    this.#facts = facts;
    this.#global = global;
    this.#token = dockerfile.directives.escape;
  }

  run(): CheckedStage {
    const base = this.#try(this.#stage.from.base, (onUnset) =>
      expandWord(this.#stage.from.base, { escape: this.#token, lookup: (name) => this.#global.get(name), onUnset }),
    );
    const found = findStage(
      this.#earlier.map(({ stage }) => stage),
      base,
    );
    const parent = found === undefined ? undefined : this.#earlier[found.index];
    const image = parent === undefined ? this.#facts.base?.(base) : undefined;
    this.#inherit(parent, image);
    const instructions = this.#stage.instructions.map((instruction) => this.#instruction(instruction));
    const unknownBase = parent?.unknownBase ?? (image === undefined && base !== "scratch");
    return {
      stage: this.#stage,
      ...{ base, parent, image, unknownBase, instructions },
      ...{ env: this.#env, declared: this.#declared, unset: this.#unset },
    };
  }

  #inherit(parent: CheckedStage | undefined, image: BaseFacts | undefined): void {
    for (const [name, value] of parent?.env ?? []) this.#env.set(name, value);
    for (const pair of image?.env ?? []) {
      const equals = pair.indexOf("=");
      if (equals > 0) this.#env.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    // BuildKit gives every stage on Linux a PATH.
    if (!this.#env.has("PATH")) this.#env.set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  }

  #instruction(instruction: StageInstruction): StageInstruction {
    const expanded = this.#try(instruction, (onUnset) =>
      expandInstruction(instruction, {
        escape: this.#token,
        lookup: (name) => this.#env.get(name),
        onUnset: (name) => onUnset(name, instruction),
      }),
    );
    if (expanded.kind === "env") for (const { key, value } of expanded.pairs) this.#env.set(key, value);
    if (expanded.kind === "arg") for (const arg of expanded.args) this.#declare(arg, expanded);
    return expanded;
  }

  #declare(arg: { key: string; value: string | undefined }, instruction: StageInstruction): void {
    const scopes = { buildArgs: this.#facts.buildArgs ?? new Map(), global: this.#global };
    const value = this.#try<string | undefined>(undefined, (onUnset) =>
      argValue(arg, scopes, {
        escape: this.#token,
        lookup: (name) => this.#env.get(name),
        onUnset: (name) => onUnset(name, instruction),
      }),
    );
    this.#declared.add(arg.key);
    if (value !== undefined) this.#env.set(arg.key, value);
  }

  /** What does not expand stays as it is: the build says so, not the checks. */
  #try<T>(fallback: T, work: (onUnset: (name: string, instruction?: StageInstruction) => void) => T): T {
    try {
      return work((name, instruction) => {
        if (instruction !== undefined && this.#declared.has(name)) return;
        const known = instruction === undefined ? [...this.#global.keys()] : [...this.#env.keys()];
        this.#unset.push({ instruction: instruction ?? this.#stage.from, name, known });
      });
    } catch (error) {
      if (error instanceof Complaint) return fallback;
      throw error;
    }
  }
}
