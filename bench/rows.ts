import type { Contender } from "./contender.ts";
import type { Figure } from "./measure.ts";
import { buildRows } from "./rows-build.ts";
import { containerRows } from "./rows-containers.ts";
import { fileRows } from "./rows-files.ts";
import { imageRows } from "./rows-images.ts";
import { memoryRows } from "./rows-memory.ts";
import { networkRows } from "./rows-network.ts";

export interface Context {
  rounds: number;
  quick: boolean;
  /** A process whose network namespace a registry must be in. */
  network: number | undefined;
  debian: () => string;
}

export interface Row {
  name: string;
  /** Whether Podman is measured too. */
  podman: boolean;
  measure(contenders: Contender[], context: Context): Promise<Figure[]>;
}

export const rows: Row[] = [...containerRows, ...fileRows, ...imageRows, ...memoryRows, ...networkRows, ...buildRows];
