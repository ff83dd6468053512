import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ImageRecord } from "../../store/index.ts";
import type { Layer } from "../../store/layers/index.ts";
import type { Check, DoctorContext, Found } from "./finding.ts";

/** Every layer is as large as when it was unpacked (with `deep`: the same as its blob says), and belongs to somebody. */
export const checkLayers: Check = async (context) => {
  const { layers, images, signal } = context;
  const found: Found[] = [];
  const owners = new Map<string, ImageRecord>();
  for (const record of images.list()) for (const { chainId } of record.layers) owners.set(chainId, record);
  for (const layer of layers.list()) {
    signal.throwIfAborted();
    const owner = owners.get(layer.chainId);
    const problem = await problemOf(context, layer, owner);
    if (problem !== undefined) found.push(altered(context, layer, owner, problem));
    else if (owner === undefined && images.leases.idle && !isUsed(context, layer.chainId))
      found.push(unowned(context, layer));
  }
  found.push(...(await strangers(context)));
  return { found, checked: { layers: layers.list().length } };
};

async function problemOf(context: DoctorContext, layer: Layer, owner: ImageRecord | undefined) {
  if (!existsSync(layer.path)) return "its files are not there";
  const { bytes } = await context.containers.trees.diskUsage(layer.path, context.signal);
  if (bytes !== layer.size) return `its files have ${bytes} bytes in place of ${layer.size}`;
  const blob = owner?.layers.find(({ chainId }) => chainId === layer.chainId)?.blob.digest;
  if (!context.deep || blob === undefined || !context.blobs.has(blob)) return undefined;
  const same = await context.layers.matches(layer.chainId, context.blobs.path(blob), context.signal);
  return same ? undefined : "its files are not those of its blob";
}

const isUsed = ({ containers }: DoctorContext, chainId: string): boolean =>
  [...containers.registry.all()].some(({ record }) => record.chainIds.includes(chainId));

function altered(context: DoctorContext, layer: Layer, owner: ImageRecord | undefined, problem: string): Found {
  const users = [...context.containers.registry.all()].filter(
    ({ record, run }) => run !== undefined && record.chainIds.includes(layer.chainId),
  );
  const common = {
    kind: "layer",
    severity: "error" as const,
    subject: layer.chainId,
    problem,
    meaning: "containers see changed files: somebody has written in the data root, or the disk has lost something",
  };
  if (owner === undefined) return common;
  if (users.length > 0) {
    const names = users.map(({ record }) => record.name).join(", ");
    return { ...common, meaning: `${common.meaning}. Stop ${names}, then it can be repaired` };
  }
  return {
    ...common,
    repair: "unpack it again from its blob",
    mend: async () => {
      await context.layers.remove(layer.chainId);
      await context.restoreLayers(owner.id);
    },
  };
}

function unowned(context: DoctorContext, layer: Layer): Found {
  return {
    kind: "layer",
    severity: "leftover",
    subject: layer.chainId,
    problem: `no image and no container needs it (${layer.size} bytes)`,
    meaning: "it takes space",
    repair: "remove it",
    mend: () => context.collectGarbage(),
  };
}

/** Folders that are no layers. Half-unpacked ones count only while nothing is being unpacked. */
async function strangers(context: DoctorContext): Promise<Found[]> {
  const { layers, images, containers } = context;
  const known = new Set(layers.list().map(({ path }) => basename(dirname(path))));
  known.add(basename(layers.empty));
  const names = (await readdir(layers.folder)).filter(
    (name) => !known.has(name) && !layers.isLeaving(join(layers.folder, name)),
  );
  if (!images.leases.idle) return [];
  return names.map((name) => ({
    kind: "layer",
    severity: "leftover",
    subject: join(layers.folder, name),
    problem: "the folder is no layer that the store knows",
    meaning: "an unpacking that was cut short has left it; it takes space",
    repair: "remove it",
    mend: () => containers.trees.remove(join(layers.folder, name)),
  }));
}
