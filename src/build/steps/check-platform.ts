import { readdirSync } from "node:fs";
import { BerthError } from "../../lib/index.ts";
import { formatPlatform, hostPlatform, matchPlatform, type Platform } from "../../spec/index.ts";

/** How binfmt_misc's interpreters (qemu-user) call architectures. */
const MACHINES: Readonly<Record<string, string>> = {
  amd64: "x86_64",
  arm64: "aarch64",
  "386": "i386",
  mips64le: "mips64el",
};

/** Throws "unavailable" where this machine can run no programs of the platform. */
export function checkPlatform(platform: Platform): void {
  if (matchPlatform([{ platform }], hostPlatform()) !== undefined) return;
  const machine = MACHINES[platform.architecture] ?? platform.architecture;
  if (interpreters().some((name) => name === `qemu-${machine}` || name === machine)) return;
  const text = formatPlatform(platform);
  throw new BerthError("unavailable", `cannot run commands for ${text} here: exec format error`, {
    hint: `install an emulator for ${text} (Debian: qemu-user-static, binfmt-support)`,
  });
}

function interpreters(): string[] {
  try {
    return readdirSync("/proc/sys/fs/binfmt_misc");
  } catch {
    return []; // not mounted
  }
}
