import { readFileSync, statSync } from "node:fs";
import { parseCsv } from "../../lib/flags/index.ts";
import { cut } from "../core/flag.ts";
import { failure } from "./fail.ts";

/** An agent that the build may use, under the name that RUN --mount=type=ssh gives. */
export interface SshAgent {
  readonly id: string;
  /** Socket of the agent on this machine. */
  readonly socket: string;
}

/** `--ssh ID[=SOCKET]`: the agent's socket, SSH_AUTH_SOCK's without one. Keys in files are for an agent to hold. */
export function parseSsh(text: string, env: NodeJS.ProcessEnv): SshAgent {
  const [id, value] = cut(text, "=");
  const paths = value === undefined || value === "" ? [] : parseCsv(value);
  if (paths.length === 0) {
    const socket = env.SSH_AUTH_SOCK ?? "";
    if (socket === "") throw failure("invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set");
    return { id: id || "default", socket };
  }
  const [path = ""] = paths;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw failure(`stat ${path}: no such file or directory`);
  if (stat.isSocket() && paths.length === 1) return { id, socket: path };
  if (!stat.isFile() || !/PRIVATE KEY/.test(readFileSync(path, "latin1").slice(0, 100_000)))
    throw failure(`failed to parse ${path}: ssh: no key found`);
  throw failure(
    `${path} is a key: add it to an agent (ssh-agent sh -c 'ssh-add ${path}; …') and give --ssh ${id || "default"}`,
  );
}
