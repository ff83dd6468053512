/**
 * The OCI runtime document of a container: a pure function of what the user asked for and what the host was found to be.
 *
 * Vocabulary: *adapt* fills in Docker's defaults, *validate* refuses or warns with Docker's texts, *resolve* looks
 * something up on the host (devices), *build* is pure.
 */
export type { Machine, MachineLimits } from "../../system/index.ts";
export { type AdaptDefaults, adaptHostConfig } from "./adapt.ts";
export { type BindMount, bindMount } from "./bind-mount.ts";
export { buildSpec, commandOf } from "./build.ts";
export { resolveBlockDevices, resolveDevices } from "./devices.ts";
export type * from "./input.ts";
export { containerOf } from "./modes.ts";
export { tmpfsMount } from "./mounts.ts";
export type * from "./oci.ts";
export { buildProcess, type ProcessInput } from "./process.ts";
export { resourcesFor } from "./resources.ts";
export { checkRoot, checkWorkingDirectory, mountPlaces } from "./root-check.ts";
export { specText } from "./spec-text.ts";
export { tmpfsData } from "./tmpfs.ts";
export { validateContainerConfig, validateHostConfig } from "./validate/index.ts";
export { validateUpdate } from "./validate/update.ts";
