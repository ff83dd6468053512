/**
 * Control groups. A *layout* says how the host has them (v1, hybrid, v2); a *path* ("/berth/<id>") names one cgroup below
 * every mount point of the layout; a *view* reads it. Limits are written by the OCI runtime, not here.
 */
export * from "./end.ts";
export * from "./freeze.ts";
export * from "./hand-down.ts";
export {
  type CgroupLayout,
  cgroupLayout,
  containerCgroupPath,
  detectCgroups,
  parseOwnCgroups,
  readOptional,
} from "./layout.ts";
export * from "./leftover.ts";
export * from "./lift-limit.ts";
export {
  type CgroupCpu,
  type CgroupIoEntry,
  type CgroupMemory,
  type CgroupPids,
  type CgroupView,
  cgroupView,
  childrenOf,
} from "./view.ts";
export { createMigrationWarmer } from "./warm-migrations.ts";
