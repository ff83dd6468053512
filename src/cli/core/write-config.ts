import { lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ConfigFile } from "./config-file.ts";

/** Writes config.json of the folder, atomically and for the user alone; a symbolic link in its place is followed. */
export function writeConfigFile(folder: string, config: ConfigFile): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const named = join(folder, "config.json");
  const path = lstatSync(named, { throwIfNoEntry: false })?.isSymbolicLink()
    ? resolve(folder, readlinkSync(named))
    : named;
  const partial = join(dirname(path), `config.json${process.pid}`);
  try {
    writeFileSync(partial, JSON.stringify(config, undefined, "\t"), { mode: 0o600, flag: "wx" });
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  return named;
}
