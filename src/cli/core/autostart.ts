import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { dial, type Endpoint, type Wire } from "../../api/client/index.ts";
import { daemonCommand } from "./daemon-command.ts";
import type { Output } from "./output.ts";

const START_TIMEOUT_MS = 20_000;
/** One that ended at once may have lost to another that starts at the same time: that one gets as long. */
const RIVAL_MS = 3_000;
const LOG = "/var/log/berth.log";

/**
 * Connects to the default socket; where nobody listens there and the caller is root, starts a daemon in the
 * background, says so on stderr, and connects when it does. BERTH_AUTOSTART=0 turns that off.
 */
export async function connectOrStart(endpoint: Endpoint, env: NodeJS.ProcessEnv, err: Output): Promise<Wire> {
  try {
    return await dial(endpoint);
  } catch (error) {
    if (!mayStart(error, env)) throw error;
    return await start(endpoint, err, error);
  }
}

function mayStart(error: unknown, env: NodeJS.ProcessEnv): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== "ENOENT" && code !== "ECONNREFUSED") return false;
  return process.getuid?.() === 0 && !["0", "false", "no"].includes(env.BERTH_AUTOSTART ?? "");
}

let starting: Promise<{ failed: string | undefined }> | undefined;

async function start(endpoint: Endpoint, err: Output, error: unknown): Promise<Wire> {
  const command = daemonCommand();
  if (command === undefined) throw error;
  starting ??= launch(command, endpoint, err);
  const { failed } = await starting;
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (failed === undefined && Date.now() < deadline) {
    try {
      return await dial(endpoint);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (exitedAt !== undefined && Date.now() > exitedAt + RIVAL_MS) break;
  }
  err.write(`The daemon did not start${failed === undefined ? "" : ` (${failed})`}: see ${LOG}\n`);
  throw error;
}

let exitedAt: number | undefined;

async function launch(
  command: readonly string[],
  endpoint: Endpoint,
  err: Output,
): Promise<{ failed: string | undefined }> {
  const [program = "", ...args] = command;
  mkdirSync(dirname(LOG), { recursive: true });
  const log = openSync(LOG, "a", 0o640);
  err.write(`No daemon answers at ${endpoint.text}: starting one (log: ${LOG}; BERTH_AUTOSTART=0 turns this off)\n`);
  const child = spawn(program, args, { detached: true, stdio: ["ignore", log, log], cwd: "/" });
  child.once("exit", () => {
    exitedAt = Date.now();
  });
  const failed = await new Promise<string | undefined>((resolve) => {
    child.once("error", (cause) => resolve(cause.message));
    child.once("spawn", () => resolve(undefined));
  });
  closeSync(log);
  child.unref();
  return { failed };
}
