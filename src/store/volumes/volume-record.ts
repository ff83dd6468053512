import type { StringMap, Volume } from "../../spec/api/index.ts";

/** A volume of the local driver: `volumes/<name>/volume.json`. */
export interface VolumeRecord {
  schema: 1;
  name: string;
  /** RFC 3339, seconds. */
  created: string;
  labels: StringMap | null;
  options: StringMap | null;
}

/** The label that Docker puts on volumes without a name of the user's. */
export const ANONYMOUS_LABEL = "com.docker.volume.anonymous";

export function isAnonymous(record: VolumeRecord): boolean {
  return record.labels !== null && Object.hasOwn(record.labels, ANONYMOUS_LABEL);
}

/** A volume as the API prints it. */
export function volumeBody(record: VolumeRecord, mountpoint: string): Volume {
  return {
    CreatedAt: record.created,
    Driver: "local",
    Labels: record.labels,
    Mountpoint: mountpoint,
    Name: record.name,
    Options: record.options,
    Scope: "local",
  };
}
