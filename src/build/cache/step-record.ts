import type { Descriptor, Digest } from "../../spec/index.ts";

/** A layer of a build's state. */
export interface StackLayer {
  readonly chainId: Digest;
  readonly diffId: Digest;
  readonly blob: Descriptor;
}

/** What a step gave: `<data root>/build/cache/<id>.json`. */
export interface StepRecord {
  readonly schema: 1;
  /** Of the key; unique, and the name of the file. */
  readonly id: string;
  /** Digest of the instruction, its words, its platform, the key of what it stands on and the content of its sources. */
  readonly key: string;
  /** Other keys that lead here: by where sources come from in place of what they hold. */
  readonly aliases: readonly string[];
  /** All layers, the lowest first; the last is the step's own. */
  readonly stack: readonly StackLayer[];
  /** Bytes of its own layer's files. */
  readonly size: number;
  readonly description: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly lastUsed: number;
  readonly usageCount: number;
}

/** The name that a key has as a record. */
export const recordIdOf = (key: string) => key.slice(7, 32);
