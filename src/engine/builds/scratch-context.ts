import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import type { ContextFolder } from "../../build/index.ts";
import { randomHex } from "../../lib/index.ts";
import type { BuildsDeps } from "./builds-deps.ts";

/** A context's folder that goes with its build. */
export interface ScratchContext extends ContextFolder {
  release(): void;
}

/** An empty folder as a context. */
export function emptyContext(deps: BuildsDeps): ScratchContext {
  const path = join(deps.scratch, `context-${randomHex(8)}`);
  mkdirSync(path, { recursive: true, mode: 0o755 });
  const release = () => deps.background("remove a build's context", () => deps.trees.remove(path));
  return { path, id: path, release };
}

/** Unpacks an archive, compressed or not, as a context. */
export async function archiveContext(
  deps: BuildsDeps,
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<ScratchContext> {
  const context = emptyContext(deps);
  const directory = openSync(context.path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await deps.archives.unpack({ directory, owner: { uid: 0, gid: 0 } }, archive, signal);
    return context;
  } catch (error) {
    context.release();
    throw error;
  } finally {
    closeSync(directory);
  }
}
