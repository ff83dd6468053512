import type { ContainerStateRecord } from "../../../store/records/index.ts";

/** One container's way back. `state` is what it is afterwards, before anything else happens to it. */
export interface Recovery {
  id: string;
  state: ContainerStateRecord;
  /** "adopt": its run goes on, or has ended meanwhile. "clear": what is left of a run is taken down. */
  run: "none" | "adopt" | "clear";
  /** It was made with --rm and does not run. */
  remove: boolean;
  /** Its restart policy wants it to run. */
  start: boolean;
  /** What it is called until it goes, where another has its name. */
  name?: string;
}
