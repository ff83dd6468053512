/** Images: one file per verb over the store's records, blobs and layers. */
export { applyChanges } from "./changes/apply-changes.ts";
export type { CommitImageOptions } from "./commit-image.ts";
export { createImages, type ImageService } from "./create-images.ts";
export type { ImageLayers, ImageRegistry, ImagesDeps, ImageUser } from "./images-context.ts";
