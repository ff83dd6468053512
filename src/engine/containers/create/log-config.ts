import { BerthError, invalid, messageOf, parseSize } from "../../../lib/index.ts";
import type { LogConfig, StringMap } from "../../../spec/api/index.ts";

/** Where the output goes: drivers that keep it in the same file format, or none. */
export interface LogPlan {
  type: "json-file" | "local" | "none";
  /** As given, over the daemon's defaults. */
  config: StringMap;
  maxSize: number | undefined;
  maxFile: number;
}

/** Rotation unless asked otherwise, so that no container fills the disk: 10 MB, three files. */
const DEFAULT_MAX_SIZE = 10_000_000;
const DEFAULT_MAX_FILE = 3;

const options = {
  "json-file": ["max-file", "max-size", "compress", "labels", "labels-regex", "env", "env-regex", "tag"],
  local: ["max-file", "max-size", "compress"],
  none: [] as string[],
} as const;

const elsewhere = new Set(["awslogs", "fluentd", "gcplogs", "gelf", "journald", "splunk", "syslog", "etwlogs"]);

/**
 * Which driver, and how much it keeps. `defaults` are the daemon's. Unknown drivers are refused by name, Docker's others
 * as not implemented; unknown or malformed options are "invalid", as with Docker.
 */
export function planLog(asked: LogConfig | undefined, defaults: LogConfig = {}): LogPlan {
  const type = asked?.Type || defaults.Type || "json-file";
  if (elsewhere.has(type)) throw new BerthError("not-implemented", `logging driver ${type} is not implemented`);
  if (type !== "json-file" && type !== "local" && type !== "none") {
    throw invalid(`error looking up logging plugin ${type}: plugin "${type}" not found`);
  }
  // The daemon's options are for its driver only.
  const inherited = asked?.Type && asked.Type !== (defaults.Type || "json-file") ? {} : defaults.Config;
  const config: StringMap = { ...inherited, ...asked?.Config };
  for (const key of Object.keys(asked?.Config ?? {})) {
    if (!(options[type] as readonly string[]).includes(key) && type !== "none") {
      throw invalid(`unknown log opt '${key}' for ${type} log driver`);
    }
  }
  return { type, config, ...limitsOf(config) };
}

function limitsOf(config: StringMap): { maxSize: number | undefined; maxFile: number } {
  const { "max-size": size, "max-file": file } = config;
  const maxFile = file === undefined ? (size === undefined ? DEFAULT_MAX_FILE : 1) : Number(file);
  if (!Number.isInteger(maxFile) || maxFile < 1) throw invalid("max-file cannot be less than 1");
  if (size === undefined) return { maxSize: DEFAULT_MAX_SIZE, maxFile };
  if (size === "-1") return { maxSize: undefined, maxFile };
  return { maxSize: parseLimit(size), maxFile };
}

function parseLimit(size: string): number {
  try {
    const bytes = parseSize(size);
    if (bytes > 0) return bytes;
  } catch (error) {
    throw invalid(`invalid value for max-size: ${messageOf(error)}`);
  }
  throw invalid("max-size must be a positive number");
}
