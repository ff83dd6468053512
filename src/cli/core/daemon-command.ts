import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The command that runs the daemon: Node on the `berthd.mjs` beside this executable, or in ../lib/berth or ../libexec/berth of it.
 * undefined where it is not there.
 */
export function daemonCommand(): string[] | undefined {
  const folder = dirname(realpathSync(process.execPath));
  const bundle = [
    folder,
    join(folder, "../lib/berth"),
    join(folder, "../libexec/berth"),
    process.env.BERTH_LIBEXEC ?? "",
  ]
    .filter((candidate) => candidate !== "")
    .map((candidate) => join(candidate, "berthd.mjs"))
    .find((path) => existsSync(path));
  if (bundle === undefined) return undefined;
  return [findNode(), bundle];
}

/** Node 20 or newer by its usual names; the one on PATH where none is at the usual places. */
function findNode(): string {
  if (process.env.BERTH_NODE) return process.env.BERTH_NODE;
  const onPath = (process.env.PATH ?? "")
    .split(":")
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => join(folder, "node"));
  return [...onPath, "/usr/local/bin/node", "/usr/bin/node"].find((path) => existsSync(path)) ?? "node";
}
