import { readFileSync } from "node:fs";
import { doing, type Flags, invalid, parseFlags } from "../lib/index.ts";
import { type DaemonConfig, makeConfig } from "./config.ts";
import { options } from "./options.ts";
import { flagSettings, mergeSettings, readSettings, type Settings } from "./settings.ts";

/** A daemon.json larger than this is not one. */
const FILE_LIMIT = 1024 * 1024;

/** All flags of the daemon, by long name. */
export const daemonFlags: Flags = Object.fromEntries(
  options.flatMap(({ flag }) => (flag === undefined ? [] : [[flag.name, flag.flag]])),
);

export interface CommandLine {
  /** What the caller asked for in place of running. */
  readonly asks: "help" | "version" | "validate" | undefined;
  readonly configFile: string;
  /** The file must exist: it was named. */
  readonly configFileNamed: boolean;
  readonly settings: Settings;
  readonly warnings: readonly string[];
}

/** Reads the command line. Fails "invalid" in pflag's and dockerd's words. */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const parsed = parseFlags(daemonFlags, argv);
  const { values, changed, args } = parsed;
  if (args.length > 0 && !parsed.help) throw invalid('"berth daemon" accepts no arguments.');
  const asks = parsed.help
    ? "help"
    : values.version === true
      ? "version"
      : values.validate === true
        ? "validate"
        : undefined;
  return {
    asks,
    configFile: String(values["config-file"]),
    configFileNamed: changed.has("config-file"),
    settings: flagSettings(values, changed),
    warnings: parsed.warnings,
  };
}

/** The configuration of a command line and its file together. Fails "invalid", naming the file where it is at fault. */
export function loadConfig(line: CommandLine): DaemonConfig {
  return makeConfig(loadSettings(line));
}

/** The merged settings; read again at SIGHUP. */
export function loadSettings({ configFile, configFileNamed, settings }: CommandLine): Settings {
  let fromFile: Settings;
  try {
    fromFile = readConfigFile(configFile, configFileNamed);
    return mergeSettings(settings, fromFile);
  } catch (error) {
    throw doing(`unable to configure the daemon with file ${configFile}`, error);
  }
}

function readConfigFile(path: string, named: boolean): Settings {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && !named) return new Map();
    throw invalid(code === "ENOENT" ? `open ${path}: no such file or directory` : `open ${path}: ${code ?? "failed"}`);
  }
  if (text.length > FILE_LIMIT) throw invalid(`the file is larger than ${FILE_LIMIT} bytes`);
  if (text.trim() === "") return new Map();
  return readSettings(parse(text));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, "")) as unknown;
  } catch (error) {
    throw invalid((error as Error).message);
  }
}
