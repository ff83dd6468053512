/**
 * Compares Berth with Docker and Podman on one machine and prints medians and ratios as a table and as JSON.
 *
 *     npm run bench -- [--only PATTERN] [--rounds N] [--quick] [--json FILE]
 *
 * BERTH_PEERS names the script that keeps the other engines; without it Berth is measured alone. Everything runs in
 * network namespaces with nothing but a loopback, and every load has a fixed count.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Contender, startBerth, startPeers } from "./contender.ts";
import { debianImage } from "./images.ts";
import type { Figure } from "./measure.ts";
import { rows } from "./rows.ts";
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

const peers = startPeers(process.env.BERTH_PEERS ?? join(import.meta.dirname, "../../../shared/tools/peers"));
const berth = await startBerth(peers?.pid);
const contenders: Contender[] = peers === undefined ? [berth] : [berth, peers.docker, peers.podman];

const figures: Figure[] = [];
try {
  for (const on of contenders) await importBusybox(on);
  const context = { rounds, quick, network: peers?.pid, debian: debianImage };
  for (const row of rows.filter((each) => only.test(each.name))) {
    process.stderr.write(`… ${row.name}\n`);
    const took = contenders.filter((on) => on.name !== "podman" || row.podman);
    for (const each of await row.measure(took, context)) {
      figures.push(each);
      print([each]);
    }
  }
} finally {
  berth.stop();
}

process.stdout.write("\n");
print(figures, true);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures, null, 2)}\n`);

function print(list: Figure[], header = false): void {
  const show = (value: number | undefined, unit: string) =>
    value === undefined ? "–" : `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${unit}`;
  const ratio = (other: number | undefined, own: number | undefined) =>
    other === undefined || own === undefined ? "–" : `${(other / own).toFixed(2)}×`;
  if (header)
    process.stdout.write(
      "| work | Berth | Docker | Podman | Docker/Berth | Podman/Berth |\n|---|--:|--:|--:|--:|--:|\n",
    );
  for (const { row, unit, medians } of list) {
    const cells = [row, show(medians.berth, unit), show(medians.docker, unit), show(medians.podman, unit)];
    cells.push(ratio(medians.docker, medians.berth), ratio(medians.podman, medians.berth));
    process.stdout.write(`| ${cells.join(" | ")} |\n`);
  }
}
