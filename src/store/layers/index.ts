/**
 * Layers: the unpacked file trees that images are stacks of. A layer's *diff id* is the digest of its tar, its *chain
 * id* stands for it and all below it. On disk a layer is in overlay's form: a *whiteout* (hidden name) is a character
 * device 0/0, an *opaque* directory (hidden content) has an attribute.
 */
export { decompress } from "./decompress.ts";
export { chainIdOf } from "./layer-record.ts";
export * from "./layer-store.ts";
export * from "./packer.ts";
