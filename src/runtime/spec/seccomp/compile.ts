import type { OciSeccomp, OciSeccompRule } from "../oci.ts";
import type { KernelVersion, Profile, ProfileFilter, ProfileRule } from "./profile.ts";

/** What a profile's conditions are held against. */
export interface SeccompTarget {
  /** Docker's name: amd64, arm64 … */
  architecture: string;
  kernel: KernelVersion;
  /** The bounding set of the container. */
  capabilities: readonly string[];
}

const SECCOMP_NAMES: Record<string, string> = {
  "386": "SCMP_ARCH_X86",
  amd64: "SCMP_ARCH_X86_64",
  arm: "SCMP_ARCH_ARM",
  arm64: "SCMP_ARCH_AARCH64",
  loong64: "SCMP_ARCH_LOONGARCH64",
  mips64: "SCMP_ARCH_MIPS64",
  mips64le: "SCMP_ARCH_MIPSEL64",
  mipsle: "SCMP_ARCH_MIPSEL",
  ppc64le: "SCMP_ARCH_PPC64LE",
  riscv64: "SCMP_ARCH_RISCV64",
  s390x: "SCMP_ARCH_S390X",
};

/** libseccomp's names, which profiles use, where they differ from Docker's. */
const PROFILE_NAMES: Record<string, string> = { "386": "x86", loong64: "loongarch64" };

const reaches = (kernel: KernelVersion, min: KernelVersion) =>
  kernel.major > min.major || (kernel.major === min.major && kernel.minor >= min.minor);

const nameOf = (target: SeccompTarget) => PROFILE_NAMES[target.architecture] ?? target.architecture;

function excluded(filter: ProfileFilter, target: SeccompTarget): boolean {
  if (filter.arches?.includes(nameOf(target))) return true;
  if (filter.caps?.some((capability) => target.capabilities.includes(capability))) return true;
  return filter.minKernel !== undefined && reaches(target.kernel, filter.minKernel);
}

function included(filter: ProfileFilter, target: SeccompTarget): boolean {
  const { arches = [], caps = [], minKernel } = filter;
  if (arches.length > 0 && !arches.includes(nameOf(target))) return false;
  if (!caps.every((capability) => target.capabilities.includes(capability))) return false;
  return minKernel === undefined || reaches(target.kernel, minKernel);
}

function toOci(rule: ProfileRule): OciSeccompRule {
  return {
    names: [...rule.names],
    action: rule.action,
    ...(rule.errnoRet === undefined ? {} : { errnoRet: rule.errnoRet }),
    ...(rule.args === undefined ? {} : { args: rule.args.map((arg) => ({ ...arg })) }),
  };
}

function architecturesOf(profile: Profile, target: SeccompTarget): string[] | undefined {
  if (profile.architectures !== undefined) return [...profile.architectures];
  const wanted = SECCOMP_NAMES[target.architecture];
  const found = profile.archMap?.find((entry) => entry.architecture === wanted);
  return found === undefined ? undefined : [found.architecture, ...found.subArchitectures];
}

/**
 * The OCI filter of a profile for one container: rules whose conditions do not hold are gone. undefined for a profile
 * without a default action and without rules, which stands for no filter.
 */
export function compileProfile(profile: Profile, target: SeccompTarget): OciSeccomp | undefined {
  if (profile.defaultAction === "" && profile.syscalls.length === 0) return undefined;
  const rules = profile.syscalls.filter(
    (rule) =>
      !(rule.excludes !== undefined && excluded(rule.excludes, target)) &&
      (rule.includes === undefined || included(rule.includes, target)),
  );
  const architectures = architecturesOf(profile, target);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures === undefined ? {} : { architectures }),
    ...(profile.flags === undefined ? {} : { flags: [...profile.flags] }),
    ...(profile.listenerPath === undefined ? {} : { listenerPath: profile.listenerPath }),
    ...(profile.listenerMetadata === undefined ? {} : { listenerMetadata: profile.listenerMetadata }),
    syscalls: rules.map(toOci),
  };
}
