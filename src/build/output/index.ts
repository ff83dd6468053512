/**
 * What becomes of a build's result: archives of images and of root file systems.
 *
 * Vocabulary: a *built image* is config and layers for one platform; *documents* are what describes it to others.
 */
export type { BuiltImage, OutputDeps } from "./built-image.ts";
export { imageArchive } from "./image-archive.ts";
export { type OutputOptions, parseOutputOptions } from "./output-options.ts";
export { type Clients, type Pushed, pushImages } from "./push-image.ts";
export { rootArchive } from "./root-archive.ts";
