import { readOptional } from "./cgroup/index.ts";
import { findProgram, run } from "./process.ts";

/** The profile of containers that name none. */
export const APPARMOR_PROFILE = "berth-default";

const LOADED = "/sys/kernel/security/apparmor/profiles";

/**
 * What a container may do where AppArmor is on: everything but to write to the kernel's knobs under /proc and /sys, to
 * mount, and to trace or signal what is not of its kind. Signals come from the daemon and from the runtimes, which
 * distributions confine by profiles of their own.
 */
export function apparmorProfile(name = APPARMOR_PROFILE): string {
  return `#include <tunables/global>

profile ${name} flags=(attach_disconnected,mediate_deleted) {
  #include <abstractions/base>

  network,
  capability,
  file,
  umount,

  signal (receive) peer=unconfined,
  signal (receive) peer=runc,
  signal (receive) peer=crun,
  signal (receive) peer=conmon,
  signal (send,receive) peer=${name},

  deny @{PROC}/* w,
  deny @{PROC}/{[^1-9],[^1-9][^0-9],[^1-9s][^0-9y][^0-9s],[^1-9][^0-9][^0-9][^0-9/]*}/** w,
  deny @{PROC}/sys/[^k]** w,
  deny @{PROC}/sys/kernel/{?,??,[^s][^h][^m]**} w,
  deny @{PROC}/sysrq-trigger rwklx,
  deny @{PROC}/kcore rwklx,

  deny mount,

  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,

  ptrace (trace,read,tracedby,readby) peer=${name},
}
`;
}

/** Whether a profile of that name is loaded, by the kernel's own list ("name (enforce)" lines). */
export function isLoaded(list: string, name: string): boolean {
  return list.split("\n").some((line) => line.startsWith(`${name} (`));
}

/**
 * Loads the default profile where AppArmor is on and it is not loaded yet; gives its name, or undefined where there is no
 * AppArmor. Rejects where it cannot be loaded: a container would run without it.
 */
export async function ensureApparmorProfile(): Promise<string | undefined> {
  if ((readOptional("/sys/module/apparmor/parameters/enabled") ?? "").trim() !== "Y") return undefined;
  if (isLoaded(readOptional(LOADED) ?? "", APPARMOR_PROFILE)) return APPARMOR_PROFILE;
  const parser = findProgram("apparmor_parser");
  if (parser === undefined) throw new Error("AppArmor is enabled, but apparmor_parser is not installed");
  const result = await run(parser, ["-Kr"], { input: apparmorProfile(), timeoutMs: 20_000 });
  if (result.code !== 0) throw new Error(`apparmor_parser: ${result.stderr.toString().trim()}`);
  return APPARMOR_PROFILE;
}
