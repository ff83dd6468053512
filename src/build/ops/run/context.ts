import type { Machine, Runtime, SpecDefaults } from "../../../runtime/index.ts";
import type { Trees } from "../../../store/trees/index.ts";
import type { CacheMounts } from "./cache-mounts.ts";
import type { StepNetwork } from "./step-network.ts";

/** What steps are run with. */
export interface StepsContext {
  readonly runtime: Runtime;
  readonly machine: Machine;
  readonly defaults: SpecDefaults;
  /** In the exec root. Everything below is cleared at `recover`; the caller may mount its roots there, too. */
  readonly folder: string;
  /** In the data root, for writable layers; cleared at `recover`. The caller keeps its half layers there. */
  readonly scratch: string;
  /** The layer store's. */
  readonly layers: { readonly folder: string; readonly empty: string };
  readonly cgroupParent: string;
  readonly network: StepNetwork;
  readonly caches: CacheMounts;
  readonly trees: Trees;
  /** Work that goes on after the step; its failure is reported. */
  background(what: string, work: () => Promise<unknown>): void;
  warn(message: string): void;
}
