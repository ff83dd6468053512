import { invalid, messageOf } from "../../../lib/index.ts";
import type { OciSeccompArg } from "../oci.ts";

export interface KernelVersion {
  major: number;
  minor: number;
}

/** When a rule counts. Capabilities are those of the container's bounding set; architectures are Docker's names. */
export interface ProfileFilter {
  caps?: readonly string[];
  arches?: readonly string[];
  minKernel?: KernelVersion;
}

export interface ProfileRule {
  names: readonly string[];
  action: string;
  errnoRet?: number;
  args?: readonly OciSeccompArg[];
  includes?: ProfileFilter;
  excludes?: ProfileFilter;
}

/** A seccomp profile in Docker's format: an OCI one with conditions. */
export interface Profile {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: readonly string[];
  archMap?: readonly { architecture: string; subArchitectures: readonly string[] }[];
  flags?: readonly string[];
  listenerPath?: string;
  listenerMetadata?: string;
  syscalls: readonly ProfileRule[];
}

const MAX_PROFILE = 4 * 1024 * 1024;
const MAX_RULES = 10_000;

const refuse = (what: string) => invalid(`Decoding seccomp profile failed: ${what}`);

type Json = Record<string, unknown>;

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function record(value: unknown, where: string): Json {
  if (!isRecord(value)) throw refuse(`${where} is not an object`);
  return value;
}

function list<T>(value: unknown, where: string, item: (value: unknown, where: string) => T): T[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw refuse(`${where} is not a list`);
  if (value.length > MAX_RULES) throw refuse(`${where} has more than ${MAX_RULES} entries`);
  return value.map((entry: unknown) => item(entry, where));
}

function text(value: unknown, where: string): string {
  if (typeof value !== "string") throw refuse(`${where} is not a string`);
  return value;
}

function number(value: unknown, where: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) throw refuse(`${where} is not a number`);
  return value;
}

const optional = <T>(value: unknown, where: string, read: (value: unknown, where: string) => T): T | undefined =>
  value === undefined || value === null ? undefined : read(value, where);

/** The entry under a key, unless it is undefined: what exactOptionalPropertyTypes asks for. */
function entry<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
}

function kernelVersion(value: unknown, where: string): KernelVersion {
  const match = /^(\d{1,3})\.(\d{1,3})$/.exec(text(value, where));
  const version = { major: Number(match?.[1]), minor: Number(match?.[2]) };
  if (match === null || version.major > 255 || version.minor > 255 || version.major + version.minor === 0) {
    throw refuse(`invalid kernel version: ${JSON.stringify(value)}, expected "<kernel>.<major>"`);
  }
  return version;
}

function filter(value: unknown, where: string): ProfileFilter {
  const from = record(value, where);
  const version = from.minKernel === "" ? undefined : from.minKernel;
  return {
    caps: list(from.caps, `${where}.caps`, text),
    arches: list(from.arches, `${where}.arches`, text),
    ...entry("minKernel", optional(version, `${where}.minKernel`, kernelVersion)),
  };
}

function argument(value: unknown, where: string): OciSeccompArg {
  const from = record(value, where);
  return {
    index: number(from.index, `${where}.index`),
    value: number(from.value, `${where}.value`),
    ...entry("valueTwo", optional(from.valueTwo, `${where}.valueTwo`, number)),
    op: text(from.op, `${where}.op`),
  };
}

function rule(value: unknown): ProfileRule {
  const from = record(value, "syscalls");
  const single = optional(from.name, "name", text);
  const names = list(from.names, "names", text);
  if (single !== undefined && single !== "") {
    if (names.length > 0) {
      throw invalid("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'");
    }
    names.push(single);
  }
  const args = list(from.args, "args", argument);
  return {
    names,
    action: text(from.action, "action"),
    ...entry("errnoRet", optional(from.errnoRet, "errnoRet", number)),
    ...(args.length === 0 ? {} : { args }),
    ...entry("includes", optional(from.includes, "includes", filter)),
    ...entry("excludes", optional(from.excludes, "excludes", filter)),
  };
}

function architectures(value: unknown): { architecture: string; subArchitectures: string[] } {
  const from = record(value, "archMap");
  return {
    architecture: text(from.architecture, "architecture"),
    subArchitectures: list(from.subArchitectures, "subArchitectures", text),
  };
}

function decode(source: string): unknown {
  if (source.length > MAX_PROFILE) throw refuse("it is too large");
  try {
    return JSON.parse(source) as unknown;
  } catch (error) {
    throw refuse(messageOf(error));
  }
}

/** Parses a profile that a user gave. Throws "invalid" with Docker's beginning of the sentence. */
export function parseProfile(source: string): Profile {
  const from = record(decode(source), "the profile");
  const plain = list(from.architectures, "architectures", text);
  const mapped = list(from.archMap, "archMap", architectures);
  if (plain.length > 0 && mapped.length > 0) {
    throw invalid(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  }
  const flags = list(from.flags, "flags", text);
  return {
    defaultAction: optional(from.defaultAction, "defaultAction", text) ?? "",
    ...entry("defaultErrnoRet", optional(from.defaultErrnoRet, "defaultErrnoRet", number)),
    ...(plain.length === 0 ? {} : { architectures: plain }),
    ...(mapped.length === 0 ? {} : { archMap: mapped }),
    ...(flags.length === 0 ? {} : { flags }),
    ...entry("listenerPath", optional(from.listenerPath, "listenerPath", text)),
    ...entry("listenerMetadata", optional(from.listenerMetadata, "listenerMetadata", text)),
    syscalls: list(from.syscalls, "syscalls", rule),
  };
}
