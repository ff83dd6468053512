import type { DoctorFinding } from "../../spec/api/index.ts";
import type { BlobStore, ImageStore } from "../../store/index.ts";
import type { LayerStore } from "../../store/layers/index.ts";
import type { VolumeStore } from "../../store/volumes/index.ts";
import type { ContainersContext } from "../containers/context.ts";
import type { Host } from "../host.ts";

/** What one check came upon, and how to mend it where that loses nothing. */
export interface Found {
  kind: string;
  severity: "error" | "leftover";
  subject: string;
  problem: string;
  meaning: string;
  /** What `mend` does, for the user. */
  repair?: string;
  mend?: () => Promise<void>;
}

export interface DoctorContext {
  readonly containers: ContainersContext;
  readonly host: Host;
  readonly images: ImageStore;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly volumes: VolumeStore;
  readonly cgroupParent: string;
  /** Removes blobs and layers that no image needs. */
  collectGarbage(): Promise<void>;
  /** Unpacks again what an image lacks of its layers. */
  restoreLayers(id: string): Promise<void>;
  /** Also unpack every layer again and compare. */
  readonly deep: boolean;
  readonly signal: AbortSignal;
}

/** A check looks at one kind of object, changes nothing, and counts what it has looked at. */
export type Check = (context: DoctorContext) => Promise<{ found: Found[]; checked: Record<string, number> }>;

export function findingOf(found: Found): DoctorFinding {
  return {
    Kind: found.kind,
    Severity: found.severity,
    Subject: found.subject,
    Problem: found.problem,
    Meaning: found.meaning,
    Repair: found.repair ?? "",
    Repaired: false,
  };
}
