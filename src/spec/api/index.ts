/** The Engine API's bodies as types. */
export type * from "./archive.ts";
export * from "./build.ts";
export type * from "./container.ts";
export type * from "./disk-usage.ts";
export type * from "./doctor.ts";
export type * from "./event.ts";
export type * from "./image.ts";
export type * from "./image-why.ts";
export type * from "./network.ts";
export type * from "./stats.ts";
export type * from "./volume.ts";
