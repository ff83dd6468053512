import { notFound } from "../../lib/index.ts";
import type { Volume, VolumeListResponse } from "../../spec/api/index.ts";
import { type VolumeRecord, volumeBody } from "../../store/volumes/index.ts";
import type { Filters } from "../engine.ts";
import { booleanFilter, matchesLabels, matchesPattern, valuesOf } from "../filters.ts";
import type { VolumesContext } from "./volumes-context.ts";

/** GET /volumes, the names in order. */
export function listVolumes(context: VolumesContext, filters: Filters): VolumeListResponse {
  const dangling = booleanFilter(filters, "dangling");
  const passes = (record: VolumeRecord) => {
    const names = valuesOf(filters, "name");
    const drivers = valuesOf(filters, "driver");
    if (names.length > 0 && !matchesPattern(record.name, names)) return false;
    if (drivers.length > 0 && !drivers.includes("local")) return false;
    if (!matchesLabels(record.labels ?? {}, valuesOf(filters, "label"))) return false;
    return dangling === undefined || dangling === (context.usersOf(record.name).length === 0);
  };
  const records = context.store.list().filter(passes);
  records.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { Volumes: records.map((record) => bodyOf(context, record)), Warnings: null };
}

/** GET /volumes/{name}. */
export function inspectVolume(context: VolumesContext, name: string): Volume {
  const record = context.store.get(name);
  if (record === undefined) throw notFound(`get ${name}: no such volume`);
  return bodyOf(context, record);
}

export function bodyOf(context: VolumesContext, record: VolumeRecord): Volume {
  return volumeBody(record, context.store.dataPath(record.name));
}
