import { readFileSync } from "node:fs";
import { CliError } from "../core/cli-error.ts";

export interface SecurityOptions {
  options: string[];
  /** Empty lists show the kernel's paths to the container; undefined leaves the daemon's defaults. */
  maskedPaths: string[] | undefined;
  readonlyPaths: string[] | undefined;
}

/**
 * `--security-opt` values for the API: a seccomp profile is read here, by the client, and sent as JSON;
 * systempaths=unconfined becomes two empty lists.
 */
export function parseSecurityOptions(values: readonly string[]): SecurityOptions {
  const unconfined = values.includes("systempaths=unconfined");
  const options = values.filter((value) => value !== "systempaths=unconfined").map(readProfile);
  return {
    options,
    maskedPaths: unconfined ? [] : undefined,
    readonlyPaths: unconfined ? [] : undefined,
  };
}

function readProfile(option: string): string {
  const equals = option.indexOf("=");
  const separator = equals >= 0 ? equals : option.indexOf(":");
  if (separator < 0) {
    if (option !== "no-new-privileges") throw new CliError(`Invalid --security-opt: ${JSON.stringify(option)}`);
    return option;
  }
  const [name, value] = [option.slice(0, separator), option.slice(separator + 1)];
  if (name !== "seccomp" || value === "unconfined" || value === "builtin") return option;
  try {
    return `seccomp=${JSON.stringify(JSON.parse(readFileSync(value, "utf8")))}`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw new CliError(`compacting json for seccomp profile (${value}) failed: ${message}`);
    const why = code === "ENOENT" ? "no such file or directory" : code === "EACCES" ? "permission denied" : message;
    throw new CliError(`opening seccomp profile (${value}) failed: open ${value}: ${why}`);
  }
}
