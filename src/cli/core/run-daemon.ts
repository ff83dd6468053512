import { spawn } from "node:child_process";
import { constants } from "node:os";
import { CliError } from "./cli-error.ts";
import type { Context } from "./context.ts";
import { daemonCommand } from "./daemon-command.ts";

const FORWARDED = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

/** Has this process become the daemon; where that cannot be, runs it and gives its exit code and this process's signals. */
export async function runDaemon(args: readonly string[], context: Context): Promise<number> {
  const command = daemonCommand();
  if (command === undefined) {
    throw new CliError(
      `${context.program.command}: the daemon (berthd.mjs) is not beside the executable; build it with: npm run build`,
    );
  }
  const [program = "", ...before] = command;
  // Node has it from 22.15 on, Bun since 1.4; a service manager then sees one process.
  const { execve } = process as { execve?: (file: string, args: string[], env: NodeJS.ProcessEnv) => never };
  execve?.(program, [program, ...before, ...args], process.env);
  const child = spawn(program, [...before, ...args], { stdio: "inherit" });
  for (const signal of FORWARDED) process.on(signal, () => void child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => reject(new CliError(`cannot run ${program}: ${cause.message}`)));
    child.once("exit", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
