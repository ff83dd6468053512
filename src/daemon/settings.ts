import { invalid } from "../lib/index.ts";
import { type JsonKind, type Option, options } from "./options.ts";

/** Values by daemon.json key, as JSON would have them. Only what was set is in it. */
export type Settings = ReadonlyMap<string, unknown>;

/** Keys whose objects are one value; other objects hold settings of their own (`proxies`). */
const byKey = new Map(options.filter((each) => each.flagOnly !== true).map((each) => [each.key, each]));

/** The settings of a daemon.json. Fails "invalid" in dockerd's words on unknown keys and wrong types. */
export function readSettings(json: unknown): Settings {
  if (!isRecord(json)) throw invalid("the configuration must be a JSON object");
  const entries = Object.entries(json).flatMap(([key, value]) =>
    key === "proxies" && isRecord(value) ? Object.entries(value) : [[key, value] as const],
  );
  const unknown = entries.filter(([key]) => !byKey.has(key)).map(([key]) => key);
  if (unknown.length > 0)
    throw invalid(`the following directives don't match any configuration option: ${unknown.sort().join(", ")}`);
  const settings = new Map<string, unknown>();
  for (const [key, value] of entries) {
    const found = byKey.get(key);
    if (found !== undefined && value !== null) settings.set(key, readValue(found, value));
  }
  return settings;
}

function readValue({ key, json, flag }: Option, value: unknown): unknown {
  // one address may stand for a list of one
  const shaped = json === "strings" && typeof value === "string" && key === "host-gateway-ip" ? [value] : value;
  if (!hasKind(json, key, shaped)) throw invalid(`${key}: expected ${kindNames[json]}, found ${JSON.stringify(value)}`);
  if (json === "size" && typeof shaped === "string") return flag?.flag.parse(shaped, 0, false);
  // the file's values pass the same checks as the flag's
  if (
    json === "strings" &&
    Array.isArray(shaped) &&
    flag !== undefined &&
    shaped.every((item) => typeof item === "string")
  )
    return shaped.flatMap((item) => flag.flag.parse(item, [], false) as string[]);
  return shaped;
}

const kindNames: Record<JsonKind, string> = {
  string: "a string",
  bool: "true or false",
  int: "an integer",
  strings: "a list of strings",
  map: "an object of strings",
  object: "an object",
  size: "a size",
};

function hasKind(kind: JsonKind, key: string, value: unknown): boolean {
  switch (kind) {
    case "string":
      return typeof value === "string";
    case "bool":
      return typeof value === "boolean";
    case "int":
      return Number.isSafeInteger(value);
    case "size":
      return typeof value === "string" || Number.isSafeInteger(value);
    case "map":
      return isRecord(value) && Object.values(value).every((item) => typeof item === "string");
    case "object":
      return isRecord(value);
    case "strings":
      // in the file these are objects, where a flag is text
      if (key === "runtimes" || key === "default-ulimits") return isRecord(value);
      if (key === "default-address-pools") return Array.isArray(value);
      return Array.isArray(value) && value.every((item) => typeof item === "string");
  }
}

/** The flags that were given, as settings. */
export function flagSettings(values: Readonly<Record<string, unknown>>, changed: ReadonlySet<string>): Settings {
  const settings = new Map<string, unknown>();
  for (const { key, flag } of options) {
    if (flag === undefined || !changed.has(flag.name)) continue;
    const value = values[flag.name];
    settings.set(key, value instanceof Map ? Object.fromEntries(value as Map<string, unknown>) : value);
  }
  return settings;
}

/** Both together. Fails "invalid", with dockerd's text, where one is in both; runtimes add up. */
export function mergeSettings(fromFlags: Settings, fromFile: Settings): Settings {
  const both = [...fromFile.keys()].filter((key) => fromFlags.has(key) && key !== "runtimes").sort();
  if (both.length > 0) {
    const told = both.map(
      (key) => `${key}: (from flag: ${show(fromFlags.get(key))}, from file: ${show(fromFile.get(key))})`,
    );
    throw invalid(
      `the following directives are specified both as a flag and in the configuration file: ${told.join(", ")}`,
    );
  }
  const merged = new Map([...fromFile, ...fromFlags]);
  if (fromFlags.has("runtimes") && fromFile.has("runtimes"))
    merged.set("runtimes", { ...runtimesOf(fromFile), ...runtimesOf(fromFlags) });
  return merged;
}

export interface Runtime {
  path: string;
  args: string[];
}

/** The runtimes that were added, by name: `name=path` from flags, `{name: {path, runtimeArgs}}` from the file. */
export function runtimesOf(settings: Settings): Record<string, Runtime> {
  const value = settings.get("runtimes") ?? [];
  if (Array.isArray(value))
    return Object.fromEntries(
      value.map((text: string) => [
        text.slice(0, text.indexOf("=")),
        { path: text.slice(text.indexOf("=") + 1), args: [] },
      ]),
    );
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, readRuntime(name, entry)]));
}

function readRuntime(name: string, value: unknown): Runtime {
  if (!isRecord(value)) throw invalid(`runtimes: ${name} must be an object`);
  const { path, runtimeArgs, args, runtimeType, options: runtimeOptions, ...rest } = value;
  const unknown = Object.keys(rest);
  if (unknown.length > 0) throw invalid(`runtimes: ${name}: unknown field ${unknown.join(", ")}`);
  if (runtimeType !== undefined || runtimeOptions !== undefined)
    throw invalid(`runtimes: ${name}: runtimeType and options are for containerd; name the runtime's path`);
  const list = runtimeArgs ?? args ?? [];
  if (typeof path !== "string" || path === "") throw invalid(`runtimes: ${name} has no path`);
  if (!Array.isArray(list) || list.some((item) => typeof item !== "string"))
    throw invalid(`runtimes: ${name}: runtimeArgs must be strings`);
  return { path, args: list as string[] };
}

/** A value as Go prints it, for the conflict text. */
function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(show).join(" ")}]`;
  if (isRecord(value))
    return `map[${Object.entries(value)
      .map(([key, item]) => `${key}:${show(item)}`)
      .join(" ")}]`;
  return String(value);
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
