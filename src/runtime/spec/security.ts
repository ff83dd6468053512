import { invalid } from "../../lib/index.ts";

/** What --security-opt comes to. undefined: not said, so the default holds. */
export interface SecurityOptions {
  noNewPrivileges: boolean | undefined;
  /** A profile's text, or "unconfined", or "builtin". */
  seccomp: string | undefined;
  apparmor: string | undefined;
  /** SELinux options; accepted, and without meaning where SELinux is not on. */
  labels: string[];
  writableCgroups: boolean | undefined;
}

const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

function parseBool(value: string, option: string): boolean {
  if (TRUE.has(value)) return true;
  if (FALSE.has(value)) return false;
  throw invalid(`invalid --security-opt 2: ${JSON.stringify(option)}`);
}

function cut(option: string): [key: string, value: string] {
  const separator = option.includes("=") ? "=" : ":";
  const at = option.indexOf(separator);
  if (at < 0) throw invalid(`invalid --security-opt 1: ${JSON.stringify(option)}`);
  return [option.slice(0, at), option.slice(at + 1)];
}

function apply(options: SecurityOptions, option: string): void {
  if (option === "no-new-privileges") options.noNewPrivileges = true;
  else if (option === "writable-cgroups") options.writableCgroups = true;
  else if (option === "disable") options.labels.push("disable");
  else applyPair(options, option, ...cut(option));
}

function applyPair(options: SecurityOptions, option: string, key: string, value: string): void {
  switch (key) {
    case "label":
      options.labels.push(value);
      break;
    case "apparmor":
      options.apparmor = value;
      break;
    case "seccomp":
      options.seccomp = value;
      break;
    case "no-new-privileges":
      options.noNewPrivileges = parseBool(value, option);
      break;
    case "writable-cgroups":
      options.writableCgroups = parseBool(value, option);
      break;
    default:
      throw invalid(`invalid --security-opt 2: ${JSON.stringify(option)}`);
  }
}

/**
 * Parses HostConfig.SecurityOpt. The client has replaced seccomp=FILE by the file's text and systempaths=unconfined by
 * empty MaskedPaths and ReadonlyPaths. Throws "invalid" with Docker's text.
 */
export function parseSecurityOptions(list: readonly string[]): SecurityOptions {
  const options: SecurityOptions = {
    noNewPrivileges: undefined,
    seccomp: undefined,
    apparmor: undefined,
    labels: [],
    writableCgroups: undefined,
  };
  for (const option of list) apply(options, option);
  return options;
}
