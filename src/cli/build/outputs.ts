import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseCsv } from "../../lib/flags/index.ts";
import { cut } from "../core/flag.ts";
import { failure } from "./fail.ts";

/** Where the result of a build goes. */
export interface BuildOutput {
  readonly type: string;
  readonly attributes: Record<string, string>;
  /** On this machine: the folder of `local`, the file of the others, "-" for standard output. Never sent. */
  readonly destination?: string;
}

/** Kinds of which the daemon sends an archive. */
const ARCHIVES = new Set(["tar", "oci", "docker"]);

/** `--output` in all its forms: "DIR", "-", "type=…,dest=…". The destinations are checked, and nothing is made yet. */
export function parseOutput(text: string, stdoutIsTerminal: boolean): BuildOutput {
  const fields = parseCsv(text);
  const [only = ""] = fields;
  if (fields.length === 1 && !only.startsWith("type=")) {
    if (only === "-") return checked({ type: "tar", attributes: {}, destination: "-" }, stdoutIsTerminal);
    return { type: "local", attributes: {}, destination: resolve(only) };
  }
  let type = "";
  let destination: string | undefined;
  const attributes: Record<string, string> = {};
  for (const field of fields) {
    const [name, value] = cut(field, "=");
    if (value === undefined) throw failure(`invalid value ${field}`);
    const key = name.trim().toLowerCase();
    if (key === "type") type = value;
    else if (key === "dest" || key === "destination") destination = value;
    else attributes[key] = value;
  }
  if (type === "") throw failure("type is required for output");
  return checked({ type, attributes, ...(destination === undefined ? {} : { destination }) }, stdoutIsTerminal);
}

function checked(output: BuildOutput, stdoutIsTerminal: boolean): BuildOutput {
  const { type, destination } = output;
  if (type === "local") {
    if (destination === undefined || destination === "") throw failure("dest is required for local exporter");
    if (destination === "-") throw failure("dest cannot be stdout for local exporter");
    return { ...output, destination: resolve(destination) };
  }
  if (ARCHIVES.has(type)) return checkedArchive(output, stdoutIsTerminal);
  if (!["image", "registry", "cacheonly"].includes(type))
    throw failure(`failed to solve: exporter ${JSON.stringify(type)} could not be found`);
  return output;
}

function checkedArchive(output: BuildOutput, stdoutIsTerminal: boolean): BuildOutput {
  const { type, destination } = output;
  // Without a file, a Docker image goes to the daemon's own store.
  if (type === "docker" && destination === undefined) return output;
  if (destination === undefined || destination === "-" || destination === "") {
    if (stdoutIsTerminal) throw failure(`dest file is required for ${type} exporter. refusing to write to console`);
    return { ...output, destination: "-" };
  }
  const path = resolve(destination);
  if (existsSync(path) && statSync(path).isDirectory()) throw failure(`destination file ${destination} is a directory`);
  if (!existsSync(dirname(path))) throw failure(`failed to open open ${destination}: no such file or directory`);
  return { ...output, destination: path };
}
