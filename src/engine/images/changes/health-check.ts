import { invalid, parseGoDuration } from "../../../lib/index.ts";
import type { HealthConfig } from "../../../spec/api/index.ts";
import { jsonForm } from "./instruction-lines.ts";

const durations = new Map([
  ["interval", "Interval"],
  ["timeout", "Timeout"],
  ["start-period", "StartPeriod"],
  ["start-interval", "StartInterval"],
] as const);

/** Reads `[--flag=value …] CMD command` or `NONE`, with Docker's texts for what is wrong. */
export function parseHealthCheck(rest: string): HealthConfig {
  const { flags, command } = takeFlags(rest);
  const [, type = "", argument = ""] = /^(\S*)\s*([\s\S]*)$/.exec(command) ?? [];
  if (type === "") throw invalid("HEALTHCHECK requires at least one argument");
  if (type.toUpperCase() === "NONE") {
    if (argument !== "") throw invalid("HEALTHCHECK NONE takes no arguments");
    return { Test: ["NONE"] };
  }
  if (type.toUpperCase() !== "CMD")
    throw invalid(`Unknown type ${JSON.stringify(type.toUpperCase())} in HEALTHCHECK (try CMD)`);
  const list = jsonForm(argument);
  if (argument === "" || list?.length === 0) throw invalid("Missing command after HEALTHCHECK CMD");
  return { Test: list === undefined ? ["CMD-SHELL", argument] : ["CMD", ...list], ...options(flags) };
}

function takeFlags(rest: string): { flags: [string, string][]; command: string } {
  const flags: [string, string][] = [];
  let command = rest;
  for (;;) {
    const found = /^--([^\s=]*)(?:=(\S*))?(?:\s+|$)/.exec(command);
    if (found === null) return { flags, command };
    const [whole, name = "", value] = found;
    if (name === "") return { flags, command: command.slice(whole.length) };
    if (name !== "retries" && !isDuration(name)) throw invalid(`unknown flag: ${name}`);
    if (value === undefined) throw invalid(`missing a value on flag: ${name}`);
    flags.push([name, value]);
    command = command.slice(whole.length);
  }
}

function isDuration(name: string): name is Parameters<typeof durations.get>[0] {
  return (durations as ReadonlyMap<string, string>).has(name);
}

function options(flags: readonly [string, string][]): HealthConfig {
  const health: HealthConfig = {};
  for (const [name, value] of flags) {
    const field = isDuration(name) ? durations.get(name) : undefined;
    if (field !== undefined) {
      const length = duration(name, value);
      if (length !== 0) health[field] = length;
    } else {
      if (!/^[+-]?\d+$/.test(value))
        throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
      const retries = Number(value);
      if (retries < 0) throw invalid(`--retries cannot be negative (${retries})`);
      if (retries > 0) health.Retries = retries;
    }
  }
  return health;
}

function duration(name: string, value: string): number {
  if (value === "") return 0;
  const nanoseconds = parseGoDuration(value);
  if (nanoseconds !== 0 && nanoseconds < 1_000_000)
    throw invalid(`Interval ${JSON.stringify(name)} cannot be less than 1ms`);
  return nanoseconds;
}
