import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { UndoStack } from "../../lib/index.ts";
import type { Platform } from "../../spec/index.ts";
import type { Packer } from "../../store/layers/index.ts";
import { MNT, MS, mount, unmount } from "../../system/index.ts";

export interface RootArchiveOptions {
  readonly packer: Packer;
  /** What was built, mounted by the caller until the stream has closed. */
  readonly roots: readonly { platform: Platform; path: string }[];
  /** A folder of the caller's own, in which roots of several platforms are brought together. */
  readonly folder: string;
  /** Seconds since 1970: SOURCE_DATE_EPOCH. */
  readonly clampTo?: number;
  readonly signal: AbortSignal;
}

/**
 * `--output type=tar` and `type=local`: the root file system as a tar, which the client writes or unpacks. With several
 * platforms each is in a folder of its own, "linux_amd64", as with BuildKit.
 */
export function rootArchive({ packer, roots, folder, clampTo, signal }: RootArchiveOptions): Readable {
  const undo = new UndoStack();
  const [only] = roots;
  const path = roots.length === 1 && only !== undefined ? only.path : together(roots, folder, undo);
  const clampTime = clampTo === undefined ? {} : { clampTime: BigInt(clampTo) * 1_000_000_000n };
  const stream = packer.toStream({ path, form: "tree", compression: "none", unhashed: true, signal, ...clampTime });
  stream.once("close", () => void undo.unwind());
  return stream;
}

function together(roots: RootArchiveOptions["roots"], folder: string, undo: UndoStack): string {
  const top = join(folder, "platforms");
  mkdirSync(top, { mode: 0o755 });
  undo.push("remove the folder of platforms", () => rmdirSync(top));
  for (const { platform, path } of roots) {
    const target = join(top, platformFolder(platform));
    mkdirSync(target, { mode: 0o755 });
    undo.push(`remove ${target}`, () => rmdirSync(target));
    mount(path, target, undefined, MS.BIND);
    undo.push(`unmount ${target}`, () => unmount(target, MNT.DETACH));
  }
  return top;
}

function platformFolder({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("_");
}
