import { mkdirSync, readFileSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { BerthError, writeFileAtomic } from "../lib/index.ts";

/**
 * Writes this process's pid. Fails "conflict" where the file names another process that runs. A file left by a crash is
 * replaced. Resolves with what removes it again, unless another process has taken it over meanwhile.
 */
export async function writePidfile(path: string): Promise<() => void> {
  const holder = readPid(path);
  if (holder !== undefined && holder !== process.pid && isRunning(holder))
    throw new BerthError("conflict", `process with PID ${holder} is still running; ${path} is its pid file`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  await writeFileAtomic(path, `${process.pid}\n`, { durable: false, mode: 0o644 });
  return () => {
    if (readPid(path) === process.pid) unlinkSync(path);
  };
}

function readPid(path: string): number | undefined {
  try {
    const text = readFileSync(path, "utf8").trim();
    return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the pid is a daemon that runs: after a reboot the number may be anybody's. */
function isRunning(pid: number): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "latin1");
    return command.includes("berth");
  } catch {
    return false;
  }
}
