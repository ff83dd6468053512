import { rmdir } from "node:fs/promises";
import type { Readable } from "node:stream";
import { conflict, messageOf, notFound, randomHex } from "../../lib/index.ts";
import { dataOf, exchangeData, makeStage, type VolumeRecord } from "../../store/volumes/index.ts";
import type { VolumesContext } from "./volumes-context.ts";

/** The record; rejects "not-found" with Docker's text. */
export function needVolume(context: VolumesContext, name: string): VolumeRecord {
  const record = context.store.get(name);
  if (record === undefined) throw notFound(`get ${name}: no such volume`);
  return record;
}

/** One copy, backup or restore of a volume at a time. Apart from `queue`, which a container's start waits for. */
export const atWork = <T>(context: VolumesContext, name: string, task: () => Promise<T>): Promise<T> =>
  context.queue(`${name}\0copies`, task);

const READER = "reader-";
/** Tells who holds a volume to read it from the containers that have it. */
export const isReader = (holder: string): boolean => holder.startsWith(READER);

/** Runs `use` while the volume's files are there to read: one with a device is mounted for it. */
export async function withData<T>(
  context: VolumesContext,
  name: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const reader = READER + randomHex(8);
  await context.hold.mount(name, reader);
  try {
    return await use(context.store.dataPath(name));
  } finally {
    await context.hold.unmount(name, reader);
  }
}

/**
 * Fills a new stage below `folder`, and gives it to `use`. What is in the stage afterwards goes. Everything in it is on
 * disk before it is used.
 */
export async function withStage<T>(
  context: VolumesContext,
  folder: string,
  fill: (data: string) => Promise<void>,
  use: (stage: string) => Promise<T>,
): Promise<T> {
  const stage = await makeStage(folder);
  try {
    await fill(dataOf(stage));
    await context.sync(stage);
    return await use(stage);
  } finally {
    // Kept elsewhere by now, or to be deleted at leisure.
    await rmdir(stage).catch(() => context.background("remove a copy", () => context.removeTree(stage)));
  }
}

/** A copy of the volume as it is now; with `pause` the containers that have it stand still meanwhile. */
export function copyData(context: VolumesContext, name: string, pause: boolean) {
  return (target: string): Promise<void> => {
    const copy = () => withData(context, name, (path) => context.copyTree(path, target));
    return pause ? context.frozen(name, copy) : copy();
  };
}

/** Takes the place of the volume's files, in one step. Rejects "conflict" while a container runs with the volume. */
export async function replaceData(context: VolumesContext, name: string, swap: () => Promise<void>): Promise<void> {
  await context.queue(name, async () => {
    checkReplaceable(context, name);
    await swap();
  });
}

export function checkReplaceable(context: VolumesContext, name: string): void {
  const record = needVolume(context, name);
  if (record.options) throw conflict(`volume ${name} is a mounted device: its files cannot be replaced as a whole`);
  const running = context.runningUsersOf(name);
  if (running.length === 0) return;
  throw conflict(
    `volume ${name} is in use by running containers - [${running.join(", ")}]: stop them, restore, and start them again`,
  );
}

/**
 * The volume as a tar.zst, packed as fast as it is read. With `pause` a copy is made first while the containers stand
 * still, so that the archive shows one moment; without, each file is as it was when it was read.
 */
export async function backupVolume(
  context: VolumesContext,
  name: string,
  { pause, signal }: { pause: boolean; signal: AbortSignal },
): Promise<Readable> {
  needVolume(context, name);
  if (!pause) {
    const reader = READER + randomHex(8);
    await context.hold.mount(name, reader);
    return closing(
      context.pack(context.store.dataPath(name), signal),
      () => context.hold.unmount(name, reader),
      context,
    );
  }
  const stage = await atWork(context, name, async () => {
    const made = await makeStage(context.store.folder(name));
    try {
      await copyData(context, name, true)(dataOf(made));
      return made;
    } catch (error) {
      context.background("remove a copy", () => context.removeTree(made));
      throw error;
    }
  });
  return closing(context.pack(dataOf(stage), signal), () => context.removeTree(stage), context);
}

function closing(stream: Readable, after: () => Promise<void>, context: VolumesContext): Readable {
  return stream.once("close", () => context.background("end of a backup", after));
}

export interface RestoreOptions {
  /** sha256 of the archive as it is sent; compared before anything is replaced. */
  digest?: string;
  signal: AbortSignal;
}

/**
 * Replaces a volume's files by those of an archive, compressed or not; a volume that is not there is made. The archive
 * is unpacked beside them and checked first: one that fails leaves the volume as it was.
 */
export async function restoreVolume(
  context: VolumesContext,
  name: string,
  archive: Readable,
  options: RestoreOptions & { make: () => Promise<boolean>; discard: () => Promise<void> },
): Promise<void> {
  const made = await options.make();
  try {
    await atWork(context, name, async () => {
      checkReplaceable(context, name);
      const folder = context.store.folder(name);
      const fill = (data: string) => context.unpack(data, archive, options);
      await withStage(context, folder, fill, (stage) => replaceData(context, name, () => exchangeData(folder, stage)));
    });
  } catch (error) {
    if (made)
      await options.discard().catch((failure: unknown) => context.warn(`volume ${name}: ${messageOf(failure)}`));
    throw error;
  }
}

/** Where a snapshot is made that has no name of the user's: sortable, and unique within the second. */
export const snapshotName = (now: string): string => now.slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
