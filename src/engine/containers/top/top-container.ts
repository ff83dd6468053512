import { readFile } from "node:fs/promises";
import { BerthError, conflict } from "../../../lib/index.ts";
import type { ContainerTop } from "../../../spec/api/index.ts";
import { readProcesses, run } from "../../../system/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { ownTable, userNames } from "./own-table.ts";
import { checkPsArguments, parsePsOutput } from "./ps-output.ts";

const DEFAULT = "-ef";
const PATIENCE = 30_000;
const OUTPUT_LIMIT = 16 * 1024 * 1024;

/**
 * GET /containers/{id}/top: the host's ps, shown only what is the container's. A host without one has the default
 * columns all the same.
 */
export async function topContainer(
  { context, ps }: { context: ContainersContext; ps: string | undefined },
  container: Container,
  psArguments: string,
): Promise<ContainerTop> {
  const text = psArguments || DEFAULT;
  checkPsArguments(text);
  const { run: current } = container;
  const { id } = container;
  if (container.state.status === "restarting") {
    throw conflict(`Container ${id} is restarting, wait until the container is running`);
  }
  if (current === undefined) throw conflict(`container ${id} is not running`);
  const pids = context.runtime.pids(current.handle);
  const said = ps === undefined ? undefined : await askPs(ps, text.split(" "), pids);
  if (said !== undefined && "output" in said) return parsePsOutput(said.output, pids);
  if (text === DEFAULT) return ownTable(readProcesses(pids), Date.now(), await hostUsers());
  const why = said?.failure ?? "ps: this host has no ps: only its default columns can be shown";
  throw new BerthError("internal", why);
}

/** Some options cannot stand beside a choice of pids: then every process is listed, as Docker does. */
async function askPs(
  ps: string,
  args: readonly string[],
  pids: readonly number[],
): Promise<{ output: string } | { failure: string }> {
  const ask = (more: readonly string[]) =>
    run(ps, [...args, ...more], { timeoutMs: PATIENCE, outputLimit: OUTPUT_LIMIT });
  const chosen = await ask([`-q${pids.join(",")}`]);
  const result = chosen.code === 0 ? chosen : await ask([]);
  if (result.code === 0) return { output: result.stdout.toString("utf8") };
  const [line = ""] = result.stderr.toString("utf8").split("\n");
  return { failure: `ps: ${line || `exit status ${result.code}`}` };
}

const hostUsers = async () => userNames(await readFile("/etc/passwd", "utf8").catch(() => ""));
