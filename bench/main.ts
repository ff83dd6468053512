/**
 * Compares Berth with Docker and Podman on one machine and prints medians and ratios as Markdown tables and as JSON.
 *
 *     npm run bench -- [--only PATTERN] [--rounds N] [--quick] [--json FILE]
 *
 * BERTH_PEERS names the script that keeps the other engines; without it Berth is measured alone. Everything runs in
 * network namespaces with nothing but a loopback, and every load has a fixed count. A row that fails is reported and the
 * next one runs; the exit code tells.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Contender, removeLeftovers, startBerth, startPeers, sweep } from "./contender.ts";
import { debianImage } from "./images.ts";
import type { Figure } from "./measure.ts";
import { figureLine, tables } from "./print.ts";
import { type Context, type Row, rows } from "./rows.ts";
import { importBusybox } from "./rows-containers.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string" },
    quick: { type: "boolean" },
    json: { type: "string" },
  },
});
const quick = values.quick === true;
const rounds = Number(values.rounds ?? (quick ? 3 : 9));
const only = new RegExp(values.only ?? ".");

sweep();
const peers = startPeers(process.env.BERTH_PEERS ?? join(import.meta.dirname, "../../../shared/tools/peers"));
const berth = await startBerth(peers?.pid);
const contenders: Contender[] = peers === undefined ? [berth] : [berth, peers.docker, peers.podman];
const context: Context = { rounds, quick, network: peers?.pid, debian: debianImage };

const figures: Figure[] = [];
const giveUp = () => void finish().then(() => process.exit(130));
process.once("SIGINT", giveUp);
process.once("SIGTERM", giveUp);
try {
  for (const on of contenders) await removeLeftovers(on);
  for (const on of contenders) await importBusybox(on);
  for (const row of rows.filter((each) => only.test(each.name))) await measure(row);
} finally {
  await finish();
}

process.stdout.write(`\n${tables(figures)}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);

async function measure(row: Row): Promise<void> {
  process.stderr.write(`… ${row.name}\n`);
  const taken = contenders.filter((on) => on.name !== "podman" || row.podman);
  try {
    for (const each of await row.measure(taken, context)) {
      figures.push(each);
      process.stderr.write(figureLine(each));
    }
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${row.name} failed: ${error instanceof Error ? error.message : String(error)}\n`);
    for (const on of taken) await removeLeftovers(on).catch(() => {});
  }
}

async function finish(): Promise<void> {
  for (const on of contenders) if (on !== berth) await removeLeftovers(on).catch(() => {});
  await berth.stop();
}
