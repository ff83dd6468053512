import type { AddInstruction, CopyInstruction } from "../dockerfile/index.ts";

/** Files of a COPY or ADD: where they are, and what of them is meant. */
export interface CopyRequest {
  readonly instruction: CopyInstruction | AddInstruction;
  /** A mounted root or a context's folder; undefined where nothing local is meant. */
  readonly source: CopySource | undefined;
  readonly cwd: string;
  readonly signal: AbortSignal;
}

export interface CopySource {
  readonly root: string;
  /** The id of the context whose folder it is: its files' hashes are remembered. */
  readonly context?: string;
}

/** Work on files for steps: see `ops/files`. */
export interface FileOps {
  /** Digest of what would be copied: content, modes, links; not times. */
  hash(request: CopyRequest): Promise<string>;
  /** Digest of a path with all below it, for mounts. */
  hashPath(source: CopySource, path: string, signal: AbortSignal): Promise<string>;
  copy(request: CopyRequest & { readonly target: string }): Promise<void>;
  workdir(target: string, path: string, user: string): Promise<void>;
}
