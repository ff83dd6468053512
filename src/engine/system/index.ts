/** The engine about itself: info, version, disk usage. */
export { createSystem } from "./create-system.ts";
export type { SystemParts } from "./system-parts.ts";
