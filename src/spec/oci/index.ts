/** Documents of the OCI image and distribution specifications and their Docker twins: types and bounded parsers. */
export * from "./descriptor.ts";
export * from "./image-config.ts";
export * from "./manifest.ts";
export * from "./media-types.ts";
