import { BerthError } from "../../lib/index.ts";
import type { ImageHistoryItem } from "../../spec/api/index.ts";
import { familiar } from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { ImagesDeps } from "./images-context.ts";
import { resolveImage } from "./resolve-image.ts";

/** An image's steps, the newest first. Only steps whose image is here have an id; the others say "<missing>". */
export function historyOf(deps: ImagesDeps, ref: string): ImageHistoryItem[] {
  const record = resolveImage(deps.store, ref);
  const items = steps(deps, record).reverse();
  let image: ImageRecord | undefined = record;
  for (const item of items) {
    if (image === undefined) break;
    item.Id = image.id;
    const tags = deps.store.references.of(image.id).filter(({ digest }) => digest === undefined);
    item.Tags = tags.length === 0 ? null : tags.map(familiar);
    image = image.parent === undefined ? undefined : deps.store.get(image.parent);
  }
  return items;
}

function steps({ layers }: ImagesDeps, record: ImageRecord): ImageHistoryItem[] {
  let next = 0;
  return record.config.history.map((step) => {
    const layer = step.empty_layer ? undefined : record.layers[next++];
    if (layer === undefined && !step.empty_layer)
      throw new BerthError("internal", "too many non-empty layers in History section");
    const time = step.created === undefined ? Number.NaN : Date.parse(step.created);
    return {
      Comment: step.comment ?? "",
      Created: Number.isNaN(time) ? 0 : Math.floor(time / 1000),
      CreatedBy: step.created_by ?? "",
      Id: "<missing>",
      Size: layer === undefined ? 0 : (layers.get(layer.chainId)?.size ?? 0),
      Tags: null,
    };
  });
}
