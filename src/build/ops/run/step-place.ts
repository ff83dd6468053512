import { mkdirSync, readdirSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { UndoStack } from "../../../lib/index.ts";
import { codeOf, MNT, unmount } from "../../../system/index.ts";
import type { StepsContext } from "./context.ts";

/** The folders of one step. */
export interface StepPlace {
  /** In the exec root, flat: the bundle, files that are bound, and what things are mounted on. */
  readonly folder: string;
  readonly layers: { readonly folder: string; readonly empty: string };
  /** A path in the folder that nobody has yet. */
  next(what: string): string;
  /** To be unmounted at the end. */
  mounted(target: string): void;
  /** A new empty folder on the data root's disk, for what is thrown away at the end. */
  scratch(): string;
}

/** What a later daemon has to know of a step that it finds. */
export interface StepNote {
  id: string;
  cgroupPath: string;
}

export const NOTE = "step.json";

/** Makes a step's folder; the undo stack takes it away again, and with it all that is mounted there. */
export function makeStepPlace(context: StepsContext, note: StepNote, undo: UndoStack): StepPlace {
  const folder = join(context.folder, note.id);
  mkdirSync(context.folder, { recursive: true, mode: 0o700 });
  mkdirSync(folder, { mode: 0o700 });
  undo.push("remove the step's folder", () => removeFlat(folder));
  writeFileSync(join(folder, NOTE), JSON.stringify(note), { mode: 0o600 });
  let number = 0;
  return {
    folder,
    layers: context.layers,
    next: (what) => join(folder, `${what}-${number++}`),
    mounted: (target) => undo.push(`unmount ${target}`, () => detach(target)),
    scratch() {
      const path = join(context.scratch, `${note.id}-${number++}`);
      mkdirSync(path, { recursive: true, mode: 0o700 });
      undo.push(`remove ${path}`, () =>
        context.background("remove a step's scratch", () => context.trees.remove(path)),
      );
      return path;
    },
  };
}

/** Lazily: what somebody still uses goes when they do. */
export function detach(target: string): void {
  try {
    unmount(target, MNT.DETACH | MNT.NOFOLLOW);
  } catch (error) {
    const code = codeOf(error);
    if (code !== "EINVAL" && code !== "ENOENT") throw error;
  }
}

/**
 * Removes a folder and the files and empty folders in it. Never looks deeper: were something still mounted there, that
 * would not be ours to remove (CVE-2024-23652), and the kernel refuses to remove what it is mounted on.
 */
export function removeFlat(folder: string): void {
  let entries: ReturnType<typeof readEntries>;
  try {
    entries = readEntries(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) rmdirSync(path);
    else unlinkSync(path);
  }
  rmdirSync(folder);
}

const readEntries = (folder: string) => readdirSync(folder, { withFileTypes: true });
