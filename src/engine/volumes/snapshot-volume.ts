import { conflict, notFound, rfc3339Nano } from "../../lib/index.ts";
import type { VolumeSnapshot, VolumeSnapshotBody } from "../../spec/api/index.ts";
import {
  dataOf,
  discardSnapshot,
  exchangeData,
  keepSnapshot,
  listSnapshots,
  type SnapshotRecord,
  snapshotFolder,
} from "../../store/volumes/index.ts";
import {
  atWork,
  checkReplaceable,
  copyData,
  needVolume,
  replaceData,
  snapshotName,
  withStage,
} from "./volume-copies.ts";
import { checkVolumeName } from "./volume-name.ts";
import { emitVolume, type VolumesContext } from "./volumes-context.ts";

/** POST /volumes/{name}/snapshots: the volume's files as they are now, kept beside them. */
export async function createSnapshot(
  context: VolumesContext,
  volume: string,
  body: VolumeSnapshotBody,
): Promise<VolumeSnapshot> {
  needVolume(context, volume);
  return atWork(context, volume, async () => {
    const created = rfc3339Nano(context.clock());
    const folder = context.store.folder(volume);
    const known = await listSnapshots(folder);
    const name = body.Name || freeName(snapshotName(created), known);
    checkVolumeName(name);
    if (known.some((each) => each.name === name)) throw conflict(`volume ${volume} has a snapshot ${name} already`);
    const record: SnapshotRecord = { schema: 1, name, created };
    await withStage(context, folder, copyData(context, volume, body.Pause === true), (stage) =>
      keepSnapshot(folder, stage, record),
    );
    emitVolume(context, "snapshot", volume, { snapshot: name });
    return bodyOf(context, volume, record);
  });
}

function freeName(base: string, known: readonly SnapshotRecord[]): string {
  const taken = new Set(known.map(({ name }) => name));
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}-${count}`;
    if (!taken.has(name)) return name;
  }
}

/** GET /volumes/{name}/snapshots, the oldest first. */
export async function listVolumeSnapshots(context: VolumesContext, volume: string): Promise<VolumeSnapshot[]> {
  needVolume(context, volume);
  const records = await listSnapshots(context.store.folder(volume));
  return Promise.all(records.map((record) => bodyOf(context, volume, record)));
}

/** POST /volumes/{name}/snapshots/{snapshot}/restore: the volume's files become the snapshot's, which stays. */
export async function restoreSnapshot(context: VolumesContext, volume: string, name: string): Promise<void> {
  await atWork(context, volume, async () => {
    checkReplaceable(context, volume);
    const folder = context.store.folder(volume);
    const source = dataOf(await find(context, volume, name));
    const fill = (data: string) => context.copyTree(source, data);
    await withStage(context, folder, fill, (stage) => replaceData(context, volume, () => exchangeData(folder, stage)));
    emitVolume(context, "restore", volume, { snapshot: name });
  });
}

/** DELETE /volumes/{name}/snapshots/{snapshot}. */
export async function removeSnapshot(context: VolumesContext, volume: string, name: string): Promise<void> {
  await atWork(context, volume, async () => {
    await find(context, volume, name);
    const rest = await discardSnapshot(context.store.folder(volume), name);
    context.background(`remove snapshot ${name} of volume ${volume}`, () => context.removeTree(rest));
  });
}

async function find(context: VolumesContext, volume: string, name: string): Promise<string> {
  needVolume(context, volume);
  const folder = context.store.folder(volume);
  const records = await listSnapshots(folder);
  if (!records.some((record) => record.name === name)) throw notFound(`volume ${volume} has no snapshot ${name}`);
  return snapshotFolder(folder, name);
}

async function bodyOf(context: VolumesContext, volume: string, record: SnapshotRecord): Promise<VolumeSnapshot> {
  const size = await context.sizeOf(dataOf(snapshotFolder(context.store.folder(volume), record.name))).catch(() => -1);
  return { Name: record.name, Volume: volume, CreatedAt: record.created, Size: size };
}
