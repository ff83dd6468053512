import { conflict, invalid } from "../../lib/index.ts";
import type { Volume, VolumeCloneBody } from "../../spec/api/index.ts";
import { exchangeData } from "../../store/volumes/index.ts";
import { ensureVolume } from "./ensure-volume.ts";
import { bodyOf } from "./list-volumes.ts";
import { discardVolume } from "./remove-volume.ts";
import { atWork, copyData, needVolume, withStage } from "./volume-copies.ts";
import { emitVolume, type VolumesContext } from "./volumes-context.ts";

/** POST /volumes/{name}/clone: a new volume with the files and the labels of another. When it rejects, none is left. */
export async function cloneVolume(context: VolumesContext, name: string, body: VolumeCloneBody): Promise<Volume> {
  const source = needVolume(context, name);
  const target = body.Name ?? "";
  if (target === "") throw invalid("the clone's Name is needed");
  const labels = body.Labels ?? withoutMark(source.labels);
  const wish = { name: target, labels, options: null, anonymous: false, durable: true };
  const { record, made } = await ensureVolume(context, wish);
  if (!made) throw conflict(`a volume with the name ${target} exists already`);
  try {
    await atWork(context, name, () =>
      withStage(context, context.store.folder(target), copyData(context, name, body.Pause === true), (stage) =>
        exchangeData(context.store.folder(target), stage),
      ),
    );
  } catch (error) {
    await discardVolume(context, target);
    throw error;
  }
  emitVolume(context, "clone", name, { clone: target });
  return bodyOf(context, record);
}

/** The clone has a name of the user's. */
function withoutMark(labels: Record<string, string> | null): Record<string, string> | null {
  if (labels === null) return null;
  return Object.fromEntries(Object.entries(labels).filter(([key]) => key !== "com.docker.volume.anonymous"));
}
