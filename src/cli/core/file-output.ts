import { closeSync, lstatSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { HttpResponse } from "../../api/client/index.ts";
import { CliError } from "./cli-error.ts";
import type { Context } from "./context.ts";

/**
 * Sends a response's body to a file, or to standard output where `path` is "" (refused on a terminal). A file appears
 * complete or not at all; `hash` sees what goes into it.
 */
export async function saveBody(
  context: Context,
  path: string,
  what: string,
  request: () => Promise<HttpResponse>,
  hash?: { update(chunk: Uint8Array): unknown },
): Promise<void> {
  if (path === "") {
    const { isTerminal } = await import("../terminal/terminal.ts");
    if (isTerminal(1)) throw new CliError("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    const response = await request();
    await response.body.each((chunk) => void context.out.write(chunk));
    return;
  }
  checkTarget(path, what);
  const response = await request();
  const partial = join(dirname(path), `.tmp-${basename(path)}${process.pid}`);
  const file = openSync(partial, "wx", 0o600);
  try {
    await response.body.each((chunk) => {
      hash?.update(chunk);
      for (let offset = 0; offset < chunk.length; ) offset += writeSync(file, chunk, offset);
      return undefined;
    });
    closeSync(file);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

function checkTarget(path: string, what: string): void {
  const bad = (why: string) => new CliError(`failed to ${what}: invalid output path: ${why}`);
  const folder = dirname(path);
  const stat = (name: string) => lstatSync(name, { throwIfNoEntry: false });
  if (stat(folder) === undefined) throw bad(`stat ${folder}: no such file or directory`);
  const target = stat(path);
  if (target?.isDirectory()) throw bad(`${JSON.stringify(path)} is a directory`);
  if (target !== undefined && !target.isFile() && !target.isSymbolicLink())
    throw bad(`${JSON.stringify(path)} must be a regular file`);
}
