import { createHash } from "node:crypto";
import type { ContainerConfig } from "../../spec/api/index.ts";
import { formatPlatform, type Platform } from "../../spec/index.ts";
import {
  type AddInstruction,
  argValue,
  type CopyInstruction,
  DockerfileError,
  expandInstruction,
  findStage,
  inInstruction,
  PREDEFINED_ARGS,
  parseDockerfile,
  parseExposed,
  type RunInstruction,
  type Stage,
  type StageInstruction,
} from "../dockerfile/index.ts";
import { DEFAULT_PATH, setVariable, variableOf } from "./environment.ts";
import { copyText, healthText, quotedList, runCommand, runText } from "./history-text.ts";
import type { Planner } from "./planner.ts";
import type { BaseImage, HistoryStep, SourceFile, StageState } from "./vertex.ts";

/** Decides a stage: walks its instructions in order, with the base image's triggers in front. */
export function planStage(planner: Planner, stage: Stage): StageState {
  return new StagePlanner(planner, stage).run();
}

/** Where relative times of a stage on nothing begin: there is no base whose age could be told. */
const NO_EPOCH = 0n;

class StagePlanner {
  readonly #planner: Planner;
  readonly #stage: Stage;
  readonly #escape: string;
  #platform: Platform;
  #base: BaseImage | undefined;
  #top: string | undefined;
  #config: ContainerConfig = {};
  #author: string | undefined;
  #history: HistoryStep[] = [];
  #epoch = NO_EPOCH;
  /** ENV and ARG together: what words and commands see. */
  #env: string[] = [];
  readonly #buildArgs: { key: string; value: string | undefined }[] = [];
  #source: SourceFile;
  #number = 0;
  #total = 0;
  #cmdSet = false;

  constructor(planner: Planner, stage: Stage) {
    this.#planner = planner;
    this.#stage = stage;
    this.#escape = planner.input.dockerfile.directives.escape;
    this.#platform = planner.input.platform;
    this.#source = planner.input.dockerfile;
  }

  run(): StageState {
    const triggers = this.#begin();
    const instructions = this.#stage.instructions;
    this.#total = this.#number + [...triggers, ...instructions].filter(makesLayer).length;
    this.#nameBase();
    if (triggers.length > 0) {
      this.#config = { ...this.#config, OnBuild: [] };
      for (const trigger of triggers) this.#apply(trigger);
    }
    this.#source = this.#planner.input.dockerfile;
    const { from } = this.#stage;
    this.#planner.note(this.#stage, { text: from.original, vertex: this.#top });
    for (const instruction of instructions) {
      const before = this.#top;
      this.#apply(instruction);
      const vertex = this.#top === before ? undefined : this.#top;
      this.#planner.note(this.#stage, { text: instruction.original, vertex });
    }
    return {
      top: this.#top,
      base: this.#base,
      config: this.#config,
      author: this.#author,
      history: this.#history,
      platform: this.#platform,
      epoch: this.#epoch,
    };
  }

  /** Takes over what the stage is made from. Gives the base image's triggers. */
  #begin(): StageInstruction[] {
    const { input, stages } = this.#planner;
    const { base, platform } = this.#planner.fromOf(this.#stage);
    this.#platform = platform;
    this.#setEpoch(NO_EPOCH);
    const earlier = input.contexts.has(base.toLowerCase()) ? undefined : findStage(stages, base, this.#stage.index);
    if (earlier !== undefined && earlier.name === base.toLowerCase()) this.#inherit(this.#planner.stage(earlier.index));
    else if (base === "scratch") this.#config = { WorkingDir: "/" };
    else if (input.contexts.get(base.toLowerCase())?.kind === "files") {
      this.#top = this.#planner.contextVertex(base.toLowerCase());
      this.#config = { WorkingDir: "/" };
    } else this.#fromImage(base);
    if (variableOf(this.#config.Env ?? [], "PATH") === undefined)
      this.#config = { ...this.#config, Env: [...(this.#config.Env ?? []), `PATH=${DEFAULT_PATH}`] };
    this.#env = [...(this.#config.Env ?? [])];
    return (this.#config.OnBuild ?? []).map((text) => this.#trigger(text));
  }

  #setEpoch(own: bigint): void {
    const { sourceDateEpoch } = this.#planner.input;
    this.#epoch = sourceDateEpoch === undefined ? own : BigInt(sourceDateEpoch) * 1_000_000_000n;
  }

  #inherit(state: StageState): void {
    this.#top = state.top;
    this.#base = state.base;
    this.#config = state.config;
    this.#author = state.author;
    this.#history = [...state.history];
    this.#epoch = state.epoch;
    this.#platform = state.platform;
  }

  #fromImage(name: string): void {
    this.#number = 1;
    const image = this.#planner.image(name, this.#platform);
    if (image === undefined) return;
    this.#base = image;
    const { Image: _, Hostname: __, Domainname: ___, ...config } = image.config.config;
    this.#config = config;
    this.#author = image.config.author;
    const { os, architecture, variant } = image.config;
    this.#platform = { os: os || "linux", architecture, ...(variant ? { variant } : {}) };
    const created = Date.parse(image.config.created ?? "");
    this.#setEpoch(Number.isNaN(created) ? NO_EPOCH : BigInt(Math.max(0, Math.floor(created / 1000))) * 1_000_000_000n);
  }

  #nameBase(): void {
    if (this.#number === 1 && this.#base !== undefined)
      this.#top = this.#planner.imageVertex(
        this.#base,
        this.#platform,
        `${this.#prefix(1)} FROM ${this.#base.name}`,
        this.#epoch,
      );
  }

  #prefix(number: number): string {
    const { stages, input } = this.#planner;
    const name = this.#stage.from.nameAsWritten ?? (stages.length > 1 ? `stage-${this.#stage.index}` : undefined);
    const platform = input.severalPlatforms ? formatPlatform(this.#platform) : undefined;
    return `[${[platform, name, `${number}/${this.#total}`].filter((part) => part !== undefined).join(" ")}]`;
  }

  #trigger(text: string): StageInstruction {
    const dockerfile = parseDockerfile(text, { file: "ONBUILD trigger" });
    const [instruction] = dockerfile.instructions;
    const kind = instruction?.kind;
    if (instruction === undefined || kind === "from" || kind === "onbuild" || kind === "maintainer")
      throw new DockerfileError(`${(kind ?? "an empty line").toUpperCase()} isn't allowed as an ONBUILD trigger`, {
        file: this.#planner.input.dockerfile.file,
        lines: this.#planner.input.dockerfile.lines,
        location: this.#stage.from.location,
      });
    return instruction as StageInstruction;
  }

  #apply(instruction: StageInstruction): void {
    inInstruction(this.#source, instruction, () => {
      const lookup = (name: string) => variableOf(this.#env, name);
      this.#dispatch(expandInstruction(instruction, { escape: this.#escape, lookup }));
    });
  }

  #dispatch(instruction: StageInstruction): void {
    const config = (change: Partial<ContainerConfig>, text: string) => {
      this.#config = { ...this.#config, ...change };
      this.#commit(text);
    };
    switch (instruction.kind) {
      case "env":
        for (const { key, value } of instruction.pairs) {
          this.#env = setVariable(this.#env, key, value);
          this.#config = { ...this.#config, Env: setVariable(this.#config.Env ?? [], key, value) };
        }
        this.#commit(`ENV ${instruction.pairs.map(({ key, value }) => `${key}=${value}`).join(" ")}`);
        break;
      case "arg":
        this.#arg(instruction.args);
        break;
      case "label":
        config(
          { Labels: { ...this.#config.Labels, ...Object.fromEntries(instruction.pairs.map((p) => [p.key, p.value])) } },
          `LABEL ${instruction.pairs.map(({ key, value }) => `${key}=${value}`).join(" ")}`,
        );
        break;
      case "expose": {
        const ports = [...new Set(instruction.ports.flatMap(parseExposed))].sort();
        const all = { ...this.#config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) };
        config({ ExposedPorts: all }, `EXPOSE map[${ports.map((port) => `${port}:{}`).join(" ")}]`);
        break;
      }
      case "cmd": {
        const { shell, words } = instruction.command;
        this.#cmdSet = true;
        const args = shell ? [...this.#shell(), ...words] : [...words];
        config({ Cmd: args, ArgsEscaped: true }, `CMD ${quotedList(args)}`);
        break;
      }
      case "entrypoint": {
        const { shell, words } = instruction.command;
        const args = shell ? [...this.#shell(), ...words] : [...words];
        if (!this.#cmdSet) this.#config = { ...this.#config, Cmd: null };
        config({ Entrypoint: args }, `ENTRYPOINT ${quotedList(args)}`);
        break;
      }
      case "user":
        config({ User: instruction.user }, `USER ${instruction.user}`);
        break;
      case "volume": {
        const all = { ...this.#config.Volumes, ...Object.fromEntries(instruction.volumes.map((path) => [path, {}])) };
        config({ Volumes: all }, `VOLUME [${instruction.volumes.join(" ")}]`);
        break;
      }
      case "stopsignal":
        config({ StopSignal: instruction.signal }, `STOPSIGNAL ${instruction.signal}`);
        break;
      case "healthcheck": {
        const { test, interval, timeout, startPeriod, startInterval, retries } = instruction.healthcheck;
        const times = { Interval: interval, Timeout: timeout, StartPeriod: startPeriod, StartInterval: startInterval };
        const set = Object.entries({ ...times, Retries: retries }).filter(([, value]) => value !== 0);
        config({ Healthcheck: { Test: [...test], ...Object.fromEntries(set) } }, healthText(instruction.healthcheck));
        break;
      }
      case "shell":
        config({ Shell: [...instruction.shell] }, `SHELL [${instruction.shell.join(" ")}]`);
        break;
      case "onbuild":
        // BuildKit leaves it out of the history.
        this.#config = { ...this.#config, OnBuild: [...(this.#config.OnBuild ?? []), instruction.expression] };
        break;
      case "maintainer":
        this.#author = instruction.maintainer;
        this.#commit(`MAINTAINER ${instruction.maintainer}`);
        break;
      case "workdir":
        this.#workdir(instruction.path, instruction);
        break;
      case "run":
        this.#run(instruction);
        break;
      case "copy":
      case "add":
        this.#copy(instruction);
        break;
    }
  }

  #commit(createdBy: string, emptyLayer = true): void {
    this.#history.push({ createdBy, emptyLayer });
  }

  #shell(): readonly string[] {
    return this.#config.Shell ?? ["/bin/sh", "-c"];
  }

  #cwd(): string {
    return this.#config.WorkingDir || "/";
  }

  #arg(args: readonly { key: string; value: string | undefined }[]): void {
    const { globals, input } = this.#planner;
    const texts: string[] = [];
    for (const declaration of args) {
      const options = { escape: this.#escape, lookup: (name: string) => variableOf(this.#env, name) };
      const value = argValue(declaration, { buildArgs: input.buildArgs, global: globals }, options);
      if (value !== undefined) this.#env = setVariable(this.#env, declaration.key, value);
      this.#buildArgs.push({ key: declaration.key, value });
      // What comes from elsewhere than a default is not told, as with BuildKit.
      texts.push(declaration.value === undefined ? declaration.key : `${declaration.key}=${value}`);
    }
    this.#commit(`ARG ${texts.join(" ")}`);
  }

  #workdir(path: string, instruction: StageInstruction): void {
    const full = cleanPath(path.startsWith("/") ? path : `${this.#cwd()}/${path}`);
    this.#config = { ...this.#config, WorkingDir: full };
    if (full === "/") {
      this.#commit(`WORKDIR ${full}`);
      return;
    }
    const step = this.#step(instruction, [], { kind: "workdir", full });
    this.#top = this.#planner.add({ ...step, kind: "workdir", path: full, user: this.#config.User ?? "" });
    this.#commit(`WORKDIR ${full}`, false);
  }

  #run(instruction: RunInstruction): void {
    const { args, script, summary } = runCommand(instruction.command, this.#shell());
    const { stage, planner } = { stage: this.#stage, planner: this.#planner };
    const mounts = instruction.mounts.map((mount) => ({
      mount,
      from:
        mount.from !== undefined
          ? planner.sourceOf(mount.from, stage, this.#platform)
          : mount.type === "bind"
            ? planner.contextVertex("")
            : undefined,
    }));
    const inputs = mounts.flatMap(({ from }) => from ?? []);
    const proxies = PREDEFINED_ARGS.flatMap((key) => {
      const value = planner.input.buildArgs.get(key);
      return value === undefined || this.#buildArgs.some((arg) => arg.key === key) ? [] : [`${key}=${value}`];
    });
    const fields = {
      instruction,
      args,
      script,
      env: [...this.#env],
      proxyEnv: proxies,
      cwd: this.#cwd(),
      user: this.#config.User ?? "",
      mounts,
    };
    const step = this.#step(instruction, inputs, { ...fields, instruction: instruction.original }, summary);
    this.#top = planner.add({ ...step, ...fields, kind: "run" });
    this.#commit(runText(args, this.#buildArgs), false);
  }

  #copy(instruction: CopyInstruction | AddInstruction): void {
    const { kind, chown, chmod, sources, inlineFiles, destination } = instruction;
    const keyword = kind === "copy" ? "COPY" : "ADD";
    const named = instruction.kind === "copy" ? instruction.from : undefined;
    const local = named !== undefined || sources.some((source) => kind === "copy" || !isRemote(source));
    const from = !local
      ? undefined
      : named === undefined
        ? this.#planner.contextVertex("")
        : this.#planner.sourceOf(named, this.#stage, this.#platform);
    const fields = { instruction, from, cwd: this.#cwd(), user: this.#config.User ?? "" };
    const step = this.#step(instruction, from === undefined ? [] : [from], {
      kind,
      ...fields,
      instruction: { ...instruction, location: undefined, comments: undefined },
    });
    this.#top = this.#planner.add({ ...step, ...fields, kind: "copy" });
    const inlineNames = inlineFiles.map(({ path }) => path);
    this.#commit(copyText({ keyword, chown, chmod, sources, inlineNames, destination }), false);
  }

  #step(instruction: StageInstruction, inputs: readonly string[], content: object, summary = "") {
    this.#number++;
    const { input } = this.#planner;
    const { name } = this.#stage;
    const all = [...(this.#top === undefined ? [] : [this.#top]), ...inputs];
    const identity = [this.#top ?? "", formatPlatform(this.#platform), String(this.#epoch), content];
    const digest = createHash("sha256").update(JSON.stringify(identity)).digest("hex");
    const text = instruction.original.replace(/^\S+/, (word) => word.toUpperCase());
    return {
      id: `sha256:${digest}`,
      name: `${this.#prefix(this.#number)} ${text}${summary}`,
      platform: this.#platform,
      inputs: [...new Set(all)],
      file: this.#source,
      location: this.#source === input.dockerfile ? instruction.location : this.#stage.from.location,
      noCache:
        input.noCache ||
        input.noCacheFilter.some((wanted) => wanted.toLowerCase() === name || wanted === String(this.#stage.index)),
      epoch: this.#epoch,
      base: this.#top,
      stage: name ?? String(this.#stage.index),
    };
  }
}

const makesLayer = ({ kind }: StageInstruction) => ["run", "copy", "add", "workdir"].includes(kind);

/** A source of ADD that is fetched, by the rules of BuildKit: HTTP, or a git repository. */
export const isRemote = (source: string) => /^(https?|git|ssh):\/\//.test(source) || /^git@[^:]+:/.test(source);

/** Go's path.Clean of an absolute path. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
