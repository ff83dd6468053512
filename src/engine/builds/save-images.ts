import type { Built } from "../../build/index.ts";
import { type Digest, hostPlatform, matchPlatform, mediaTypes, parseImageConfig } from "../../spec/index.ts";
import { saveRecord } from "../images/save-record.ts";
import { parseTarget, setTag } from "../images/tag-image.ts";
import type { BuildsDeps } from "./builds-deps.ts";

/**
 * Makes an image of the store of each result, and gives the names to the host platform's: a name here stands for one
 * image. Gives the id of that one.
 */
export async function saveBuilt(deps: BuildsDeps, built: readonly Built[], tags: readonly string[]): Promise<Digest> {
  const targets = tags.map(parseTarget);
  for (const { id, config, layers } of built)
    await saveRecord(deps.imageParts, {
      id,
      config: parseImageConfig(config),
      blobs: layers.map(({ blob }) => blob),
      mediaType: mediaTypes.ociConfig,
    });
  const main = matchPlatform(built, hostPlatform()) ?? built[0];
  if (main === undefined) throw new Error("nothing was built");
  for (const target of targets) await setTag(deps.imageParts, main.id, target);
  return main.id;
}
