import { readFileSync } from "node:fs";
import { join } from "node:path";
import { builtin } from "./builtin.ts";

/** What Berth reads of ~/.docker/config.json; other tools' keys are kept when it is written. */
export interface ConfigFile {
  auths?: Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
  HttpHeaders?: Record<string, string>;
  psFormat?: string;
  imagesFormat?: string;
  networksFormat?: string;
  volumesFormat?: string;
  statsFormat?: string;
  detachKeys?: string;
  currentContext?: string;
  proxies?: Record<string, Record<string, string>>;
  [key: string]: unknown;
}

/** Folder of the client's files: --config, then DOCKER_CONFIG, then ~/.docker. */
export function configFolder(flag: string, env: NodeJS.ProcessEnv): string {
  return flag || env.DOCKER_CONFIG || join(env.HOME || builtin.homedir(), ".docker");
}

/** Reads config.json of the folder. A missing file is empty; a bad one is empty too, and `warn` is told. */
export function readConfigFile(folder: string, warn: (text: string) => void): ConfigFile {
  const path = join(folder, "config.json");
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as ConfigFile;
    warn(`WARNING: Error parsing config file (${path}): not a JSON object\n`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) warn(`WARNING: Error parsing config file (${path}): ${message}\n`);
    else if (code !== "ENOENT" && code !== "ENOTDIR")
      warn(`WARNING: Error loading config file: open ${path}: ${message}\n`);
  }
  return {};
}
