/**
 * Volumes of the local driver: folders, or file systems mounted on them, that outlive containers. A volume is
 * *anonymous* when the user gave it no name, and *in use* while a container, running or not, has it among its mounts.
 */
export { createVolumes } from "./create-volumes.ts";
export type { VolumesContext, VolumeUse } from "./volumes-context.ts";
