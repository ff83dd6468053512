/** Directory trees as wholes: removing, measuring, copying with everything that they have. */
export { type Archives, createArchives } from "./archives.ts";
export type { ChangesRequest, TreeChange } from "./changes.ts";
export { type CopyTreeRequest, copyAttributes, copyFile, openRegular } from "./copy-tree.ts";
export type { DiskUsage } from "./disk-usage.ts";
export { createTrees, type Trees } from "./trees.ts";
