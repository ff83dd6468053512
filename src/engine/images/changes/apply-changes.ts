import { posix } from "node:path";
import { invalid } from "../../../lib/index.ts";
import type { ContainerConfig } from "../../../spec/api/index.ts";
import { signalNumber } from "../../../system/index.ts";
import { expandWord } from "./expand-word.ts";
import { exposedPorts } from "./expose-ports.ts";
import { parseHealthCheck } from "./health-check.ts";
import {
  type InstructionLine,
  instructionLine,
  instructionLines,
  jsonForm,
  keyValues,
  splitWords,
} from "./instruction-lines.ts";

type Change = (config: ContainerConfig, line: InstructionLine) => void;

const sizeLimit = 1024 * 1024;

/** `--change` of import and commit: what each Dockerfile instruction that is allowed there does to a config. */
const changes: Readonly<Record<string, Change>> = {
  cmd: (config, line) => {
    config.Cmd = command(line);
  },
  entrypoint: (config, line) => {
    const given = line.rest === "" ? [] : command(line);
    config.Entrypoint = given.length === 0 ? null : given;
  },
  env: (config, line) => {
    const before = environmentOf(config);
    for (const [key, value] of expandedPairs(line, before)) {
      const kept = (config.Env ?? []).filter((entry) => !entry.startsWith(`${key}=`));
      const at = (config.Env ?? []).findIndex((entry) => entry.startsWith(`${key}=`));
      config.Env = at < 0 ? [...kept, `${key}=${value}`] : kept.toSpliced(at, 0, `${key}=${value}`);
    }
  },
  label: (config, line) => {
    const pairs = expandedPairs(line, environmentOf(config));
    config.Labels = { ...config.Labels, ...Object.fromEntries(pairs) };
  },
  expose: (config, line) => {
    const ports = atLeastOne(line, splitWords(line.rest)).flatMap((word) =>
      exposedPorts(expandWord(word, environmentOf(config))),
    );
    config.ExposedPorts = { ...config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) };
  },
  volume: (config, line) => {
    const words = atLeastOne(line, jsonForm(line.rest) ?? splitWords(line.rest));
    const paths = words.map((word) => expandWord(word, environmentOf(config)).trim());
    if (paths.includes("")) throw invalid("VOLUME specified can not be an empty string");
    config.Volumes = { ...config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
  },
  user: (config, line) => {
    config.User = exactlyOne(config, line);
  },
  workdir: (config, line) => {
    config.WorkingDir = posix.resolve("/", config.WorkingDir ?? "", exactlyOne(config, line));
  },
  stopsignal: (config, line) => {
    const signal = exactlyOne(config, line);
    signalNumber(signal);
    config.StopSignal = signal;
  },
  healthcheck: (config, line) => {
    config.Healthcheck = parseHealthCheck(line.rest);
  },
  onbuild: (config, line) => {
    const trigger = instructionLine(line.rest).given.toUpperCase();
    if (trigger === "") throw invalid("ONBUILD requires at least one argument");
    if (trigger === "ONBUILD") throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (trigger === "MAINTAINER" || trigger === "FROM") throw invalid(`${trigger} isn't allowed as an ONBUILD trigger`);
    config.OnBuild = [...(config.OnBuild ?? []), line.rest];
  },
};

/** The config after the changes, which are lines of a Dockerfile. The given one is left as it is. Throws "invalid". */
export function applyChanges(config: ContainerConfig, given: readonly string[]): ContainerConfig {
  if (given.length === 0) return config;
  const text = given.join("\n");
  if (text.length > sizeLimit) throw invalid(`changes are longer than ${sizeLimit} characters`);
  const lines = instructionLines(text);
  for (const { keyword, given: word } of lines)
    if (!Object.hasOwn(changes, keyword)) throw invalid(`${word.toUpperCase()} is not a valid change command`);
  const result = structuredClone(config);
  for (const line of lines) changes[line.keyword]?.(result, line);
  return result;
}

function command(line: InstructionLine): string[] {
  return jsonForm(line.rest) ?? ["/bin/sh", "-c", ...(line.rest === "" ? [] : [line.rest])];
}

function environmentOf(config: ContainerConfig): Map<string, string> {
  const pairs = (config.Env ?? []).map((entry): [string, string] => {
    const equals = entry.indexOf("=");
    return equals < 0 ? [entry, ""] : [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return new Map(pairs);
}

function expandedPairs(line: InstructionLine, environment: ReadonlyMap<string, string>): [string, string][] {
  return keyValues(line.given.toUpperCase(), line.rest).map(([key, value]) => {
    const name = expandWord(key, environment);
    if (name === "") throw invalid(`${line.given.toUpperCase()} names can not be blank`);
    return [name, expandWord(value, environment)];
  });
}

function exactlyOne(config: ContainerConfig, line: InstructionLine): string {
  if (line.rest === "") throw invalid(`${line.given.toUpperCase()} requires exactly one argument`);
  return expandWord(line.rest, environmentOf(config));
}

function atLeastOne(line: InstructionLine, words: string[]): string[] {
  if (words.length === 0) throw invalid(`${line.given.toUpperCase()} requires at least one argument`);
  return words;
}
