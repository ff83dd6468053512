import type { Machine } from "../../system/index.ts";

/** Hidden from a container: what tells of the host or lets it be changed. At least Docker 28's list. */
const DEFAULT_MASKED_PATHS: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

/** Readable in a container, and no more. */
export const DEFAULT_READONLY_PATHS: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** The masked paths of this machine: what tells of the host's load comes on top. */
export function maskedPaths(machine: Machine): string[] {
  return [...DEFAULT_MASKED_PATHS, ...machine.thermalPaths];
}
