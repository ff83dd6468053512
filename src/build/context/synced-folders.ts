import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { conflict, notFound, writeFileAtomic } from "../../lib/index.ts";
import type { ContextSyncAnswer } from "../../spec/api/index.ts";
import { type ManifestEntry, parseManifest } from "./manifest.ts";
import { applyManifest, FileReceiver, settleFolders } from "./synced-folder.ts";

/** Copies of clients' folders, kept between builds. A build holds its copy; nobody changes it meanwhile. */
export interface SyncedFolders {
  /** Begins to bring the copy of the client's folder `key` up to date. Where files are lacked, `receive` has to follow. */
  sync(key: string, manifest: Buffer): Promise<ContextSyncAnswer>;
  /** Takes the lacked files as a tar. "not-found" for an id that awaits none, "invalid" for an archive of other files. */
  receive(id: string, archive: AsyncIterable<Buffer>): Promise<void>;
  /** Holds a complete copy. "not-found" where there is none. */
  hold(id: string): { readonly path: string; release(): void };
  /** Ids and client's folders of the copies that no build holds. */
  idle(): Promise<{ readonly id: string; readonly path: string; readonly key: string }[]>;
  /** Removes a copy; one that is held stays, "conflict". */
  remove(id: string): Promise<void>;
}

interface Slot {
  readonly id: string;
  readonly folder: string;
  holders: number;
  /** Until then a client that was answered may come back and build. */
  promised: number;
  pending: { manifest: Buffer; entries: Map<string, ManifestEntry>; lacked: ManifestEntry[] } | undefined;
  busy: boolean;
  /** Of what is on disk; undefined until it was read. */
  manifest: Buffer | undefined;
}

/** How long a copy is kept for a client that has not begun its build, in milliseconds. */
const PROMISE = 30_000;
const EMPTY = Buffer.alloc(0);

/** Opens the copies in a folder of the data root, which is made. */
export async function openSyncedFolders(root: string): Promise<SyncedFolders> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  const slots = new Map<string, Slot>();
  const slotOf = (id: string): Slot => {
    const known = slots.get(id);
    if (known !== undefined) return known;
    const slot: Slot = {
      id,
      folder: join(root, id),
      holders: 0,
      promised: 0,
      pending: undefined,
      busy: false,
      manifest: undefined,
    };
    slots.set(id, slot);
    return slot;
  };

  return {
    async sync(key, manifest) {
      for (let number = 0; ; number++) {
        const slot = slotOf(createHash("sha256").update(`${number}\0${key}`).digest("hex").slice(0, 24));
        if (slot.busy) continue;
        slot.busy = true;
        try {
          slot.manifest ??= await readManifest(slot);
          const complete = slot.pending === undefined && slot.manifest.length > 0;
          if (!complete || !slot.manifest.equals(manifest)) {
            if (slot.holders > 0 || slot.promised > Date.now()) continue;
            await begin(slot, key, manifest);
          }
          slot.promised = Date.now() + PROMISE;
          return { id: slot.id, need: slot.pending?.lacked.map(({ index }) => index) ?? [] };
        } finally {
          slot.busy = false;
        }
      }
    },
    async receive(id, archive) {
      const slot = slots.get(id);
      const pending = slot?.pending;
      if (slot === undefined || pending === undefined || slot.busy)
        throw notFound(`no build context ${id} awaits files`);
      slot.busy = true;
      try {
        const receiver = new FileReceiver(join(slot.folder, "files"), pending.lacked);
        try {
          for await (const chunk of archive) receiver.write(chunk);
          receiver.finish();
        } finally {
          receiver.close();
        }
        await complete(slot);
        slot.promised = Date.now() + PROMISE;
      } catch (error) {
        // What came of it is of no use: the next one begins anew.
        slot.manifest = EMPTY;
        slot.pending = undefined;
        slot.promised = 0;
        throw error;
      } finally {
        slot.busy = false;
      }
    },
    hold(id) {
      const slot = slots.get(id);
      if (slot === undefined || slot.pending !== undefined || !slot.manifest?.length)
        throw notFound(`no build context ${id}`);
      slot.holders++;
      slot.promised = 0;
      let held = true;
      return {
        path: join(slot.folder, "files"),
        release() {
          if (held) slot.holders--;
          held = false;
        },
      };
    },
    async idle() {
      const ids = await readdir(root);
      const free = ids
        .map(slotOf)
        .filter(({ holders, busy, promised }) => holders === 0 && !busy && promised <= Date.now());
      return Promise.all(
        free.map(async ({ id, folder }) => ({
          id,
          path: folder,
          key: await readFile(join(folder, "key"), "utf8").catch(() => ""),
        })),
      );
    },
    async remove(id) {
      const slot = slotOf(id);
      if (slot.holders > 0 || slot.busy) throw conflict(`build context ${id} is in use`);
      slot.busy = true;
      try {
        slot.manifest = EMPTY;
        slot.pending = undefined;
        await rm(slot.folder, { recursive: true, force: true });
      } finally {
        slots.delete(id);
      }
    },
  };
}

const readManifest = ({ folder }: Slot) => readFile(join(folder, "manifest")).catch(() => EMPTY);

async function begin(slot: Slot, key: string, manifest: Buffer): Promise<void> {
  const files = join(slot.folder, "files");
  const entries = await parseManifest(manifest);
  const before = slot.pending === undefined && slot.manifest !== undefined ? slot.manifest : EMPTY;
  // From here on what is on disk is no copy of anything, until it is complete.
  await rm(join(slot.folder, "manifest"), { force: true });
  slot.manifest = EMPTY;
  if (before.length === 0) await rm(files, { recursive: true, force: true });
  await mkdir(files, { recursive: true, mode: 0o755 });
  await writeFile(join(slot.folder, "key"), key);
  const lacked = await applyManifest(files, await parseManifest(before), entries);
  slot.pending = { manifest, entries, lacked };
  if (lacked.length === 0) await complete(slot);
}

async function complete(slot: Slot): Promise<void> {
  const { pending } = slot;
  if (pending === undefined) return;
  await settleFolders(join(slot.folder, "files"), pending.entries);
  await writeFileAtomic(join(slot.folder, "manifest"), pending.manifest, { durable: false });
  slot.manifest = pending.manifest;
  slot.pending = undefined;
}
