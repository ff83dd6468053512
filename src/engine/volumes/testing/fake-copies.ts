import { cpSync } from "node:fs";
import { Readable } from "node:stream";
import type { VolumesContext } from "../volumes-context.ts";

type Copies = Pick<VolumesContext, "runningUsersOf" | "copyTree" | "sync" | "pack" | "unpack" | "frozen" | "warn">;

/** Copies for tests that have none of the workers: nobody runs, and an archive is empty. */
export function fakeCopies(): Copies {
  return {
    runningUsersOf: () => [],
    copyTree: async (from, to) => cpSync(from, to, { recursive: true }),
    sync: async () => {},
    pack: () => Readable.from([]),
    unpack: async () => {},
    frozen: (_, work) => work(),
    warn: () => {},
  };
}
