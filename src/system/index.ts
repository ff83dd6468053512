/**
 * The only room that calls the kernel or starts a program.
 *
 * Vocabulary: a *root* is a directory whose content somebody else controls (a container's or an image's file system):
 * paths inside it go through `confined`. A *program* is an executable of the host, by its absolute path. A process is
 * named by its pid and its start time together.
 */

export { type AdoptOptions, adoptDescriptor } from "./adopt-descriptor.ts";
export { APPARMOR_PROFILE, ensureApparmorProfile } from "./apparmor.ts";
export {
  type CgroupCpu,
  type CgroupIoEntry,
  type CgroupLayout,
  type CgroupMemory,
  type CgroupPids,
  type CgroupView,
  cgroupLayout,
  cgroupView,
  containerCgroupPath,
  createMigrationWarmer,
  detectCgroups,
  handDownControllers,
  isFrozen,
  killCgroup,
  type LeftoverResult,
  liftProcessLimit,
  listCgroups,
  mountLeftoverControllers,
  parseOwnCgroups,
  removeCgroup,
  setFrozen,
} from "./cgroup/index.ts";
export { chmodNodeAt } from "./chmod-node-at.ts";
export { cloneFile } from "./clone-file.ts";
export { markCloseOnExec } from "./close-on-exec.ts";
export * from "./confined.ts";
export { type CpuTime, readCpuTime } from "./cpu-time.ts";
export { cstring } from "./cstring.ts";
export * from "./devices.ts";
export { type ExitWatch, watchExit } from "./exit-watch.ts";
export { check, codeOf, declare, SyscallError } from "./ffi.ts";
export { createFirstChange, type FirstChange } from "./first-change.ts";
export * from "./fs-raw.ts";
export { giveBackMemory } from "./give-back-memory.ts";
export * from "./kernel-info.ts";
export { killTree } from "./kill-tree.ts";
export * from "./machine.ts";
export * from "./mount.ts";
export { type InterfaceCounters, networkCounters } from "./network-counters.ts";
export * from "./process.ts";
export { type ProcessRow, readProcesses, terminalName } from "./process-table.ts";
export { type SealedProgram, sealProgram } from "./sealed-program.ts";
export { connectSeqpacket, type PacketConnection, type PacketReader } from "./seqpacket.ts";
export * from "./signals.ts";
export { type ChildApart, reap, spawnApart } from "./spawn-apart.ts";
export * from "./spread-folders.ts";
export * from "./users.ts";
export * from "./xattr.ts";
export * from "./zstd.ts";
