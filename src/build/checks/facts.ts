import type { ArgPlatform } from "../dockerfile/index.ts";

/** What is known of a base image. */
export interface BaseFacts {
  readonly env: readonly string[];
  readonly workdir: string | undefined;
  readonly user: string | undefined;
  readonly hasHealthcheck: boolean;
  readonly exposes: boolean;
}

/** What the checks may know beyond the file; all of it may be missing. */
export interface CheckFacts {
  readonly buildArgs?: ReadonlyMap<string, string>;
  readonly buildPlatform?: ArgPlatform;
  readonly targetPlatform?: ArgPlatform;
  readonly target?: string;
  /** Names of `--build-context`. */
  readonly contexts?: ReadonlySet<string>;
  /** The patterns of the ignore file; undefined where there is none. */
  readonly ignorePatterns?: readonly string[];
  /** Bytes that the context sends. */
  readonly contextBytes?: number;
  /** The config of a base image by its expanded reference; undefined where it is not at hand. */
  readonly base?: (reference: string) => BaseFacts | undefined;
}
