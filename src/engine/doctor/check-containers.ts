import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "../../system/index.ts";
import type { Container } from "../containers/container.ts";
import type { Check, DoctorContext, Found } from "./finding.ts";
import { setAside } from "./set-aside.ts";

/** Every container has its folder, its layers and its volumes, and runs where its state says so. */
export const checkContainers: Check = async (context) => {
  const { registry, settings } = context.containers;
  const found = registry.list().flatMap((container) => lacks(context, container));
  const root = join(settings.dataRoot, "containers");
  for (const name of await readdir(root)) {
    if (/^[0-9a-f]{64}$/.test(name) && registry.get(name) === undefined) found.push(unknown(context, join(root, name)));
  }
  return { found, checked: { containers: registry.list().length } };
};

function lacks(context: DoctorContext, container: Container): Found[] {
  const { record, state, run, phase } = container;
  if (phase !== "kept") return [];
  const { records, volumes } = context.containers;
  const error = (problem: string, meaning: string): Found => ({
    kind: "container",
    severity: "error",
    subject: record.name,
    problem,
    meaning,
  });
  const found: Found[] = [];
  if (!existsSync(join(records.folder(container.id), "container.json")))
    found.push(error("its folder or its record is not on disk", "it is gone after a restart of the daemon"));
  if (context.images.get(record.imageId) === undefined)
    found.push(error(`its image ${record.imageId} is not there`, "it cannot be committed; make it again of another"));
  const missing = record.chainIds.filter((chainId) => context.layers.get(chainId) === undefined);
  if (missing.length > 0)
    found.push(error(`${missing.length} of its layers are missing`, "it does not start: pull or load its image again"));
  for (const { volume } of record.mounts)
    if (volume !== undefined && volumes.get(volume) === undefined)
      found.push(error(`its volume ${volume} is not there`, `it does not start: restore or create volume ${volume}`));
  if (state.status === "running" && run !== undefined && !isAlive(run.handle.pid, run.handle.pidStart))
    found.push(
      error("it counts as running, and its process is gone", "the daemon has not seen it end: restart the daemon"),
    );
  return found;
}

function unknown(context: DoctorContext, path: string): Found {
  return {
    kind: "record",
    severity: "error",
    subject: join(path, "container.json"),
    problem: "the record is missing or does not read as a container's",
    meaning: "the container is not known; its files are kept, in `upper` beside the record",
    repair: "set the folder aside in broken/",
    mend: async () => {
      await setAside(context.containers.settings.dataRoot, path);
    },
  };
}
