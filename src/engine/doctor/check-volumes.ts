import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { instantText } from "../events/index.ts";
import type { Check, DoctorContext, Found } from "./finding.ts";
import { setAside } from "./set-aside.ts";

/** Every volume has its files, and every folder with files its record. */
export const checkVolumes: Check = async (context) => {
  const { volumes } = context;
  const root = join(context.containers.settings.dataRoot, "volumes");
  const found: Found[] = [];
  for (const { name } of volumes.list()) if (!existsSync(volumes.dataPath(name))) found.push(withoutFiles(name));
  for (const name of await readdir(root))
    if (!name.startsWith(".") && volumes.get(name) === undefined) found.push(unknown(context, name));
  return { found, checked: { volumes: volumes.list().length } };
};

function withoutFiles(name: string): Found {
  return {
    kind: "volume",
    severity: "error",
    subject: name,
    problem: "its folder `_data` is not there",
    meaning: "its files are lost, and containers that have it do not start: `volume restore` a backup or a snapshot",
  };
}

function unknown(context: DoctorContext, name: string): Found {
  const { volumes, containers } = context;
  const record = join(volumes.folder(name), "volume.json");
  return {
    kind: "record",
    severity: "error",
    subject: record,
    problem: "the record is missing or does not read as a volume's",
    meaning: "the volume is not known; its files are kept",
    repair: "set the record aside in broken/ and write a new one, without labels: the files stay where they are",
    mend: async () => {
      if (existsSync(record)) await setAside(containers.settings.dataRoot, record);
      const created = instantText(containers.clock);
      await volumes.put({ schema: 1, name, created, labels: null, options: null }, { durable: true });
    },
  };
}
