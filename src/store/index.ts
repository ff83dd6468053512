/**
 * What is on disk and stays true after a crash: blobs, layers and snapshots, image records. Each folder has a door of
 * its own; this one names them all.
 */
export * from "./blobs/index.ts";
export * from "./images/index.ts";
export * from "./layers/index.ts";
export * from "./snapshots.ts";
export * from "./trees/index.ts";
