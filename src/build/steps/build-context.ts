import type { Duplex } from "node:stream";
import type { StepLimits } from "../ops/run/index.ts";

/** A folder that a build reads files from. */
export interface ContextFolder {
  readonly path: string;
  /** What stands for it in the memory of files' hashes. */
  readonly id: string;
}

/** What one build gives its steps, whatever they are. */
export interface BuildSettings {
  /** By name; "" is the build's own. */
  readonly contexts: ReadonlyMap<string, ContextFolder>;
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  /** Opens a connection to the client's agent of that id; undefined where it forwards none. */
  readonly ssh: (id: string) => (() => Promise<Duplex>) | undefined;
  /** "name:address". */
  readonly hosts: readonly string[];
  /** Of RUNs that say nothing. */
  readonly network: "default" | "none" | "host";
  readonly limits: StepLimits;
  /** "network.host", "security.insecure". */
  readonly allowed: ReadonlySet<string>;
}
