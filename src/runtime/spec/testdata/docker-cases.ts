import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ContainerConfig, HostConfig } from "../../../spec/api/index.ts";
import type { Machine } from "../../../system/index.ts";
import type { OciSeccomp, OciSpec } from "../oci.ts";

/** What one container came to in Docker. Recorded from its own documents: see `about` in the file. */
interface DockerCase {
  hostConfig: HostConfig;
  config: ContainerConfig;
  spec: Partial<Essence>;
}

/** The parts of a runtime document that decide what a container may do. */
type Essence = ReturnType<typeof essenceOf>;

const file = JSON.parse(readFileSync(new URL("./docker-26.json", import.meta.url), "utf8")) as {
  cases: Record<string, DockerCase>;
};

const base = file.cases.default as DockerCase & { spec: Essence };

/** Each case with what it shares with the default one filled in. */
export const dockerCases = Object.entries(file.cases).map(([name, entry]) => ({
  name,
  hostConfig: { ...base.hostConfig, ...entry.hostConfig },
  config: { ...base.config, ...entry.config },
  spec: { ...base.spec, ...entry.spec },
}));

/** The machine that the cases were recorded on. */
export const recordedOn: Machine = {
  kernel: { major: 6, minor: 18 },
  architecture: "amd64",
  cpus: 2,
  capabilities: (file.cases.privileged?.spec.capabilities ?? []) as string[],
  cgroupVersion: 1,
  seccomp: true,
  apparmor: false,
  thermalPaths: [],
  hasSysctl: () => true,
  limits: {
    memory: true,
    swap: true,
    memoryReservation: true,
    memorySwappiness: true,
    oomKillDisable: true,
    cpuShares: true,
    cpuCfs: true,
    cpuRealtime: true,
    cpuset: true,
    cpusetCpus: "0-1",
    cpusetMems: "0",
    pids: true,
    blkioWeight: false,
    blkioWeightDevice: false,
    blkioThrottle: true,
    cgroupNamespaces: true,
    ipv4Forwarding: true,
  },
};

/** Calls that the kernel got after Docker 26.1 and that Docker 28 allows. */
const SINCE_26 = new Set(
  "getxattrat listmount listxattrat lsm_get_self_attr lsm_list_modules lsm_set_self_attr mseal removexattrat riscv_hwprobe setxattrat statmount uretprobe".split(
    " ",
  ),
);

/** A filter in one canonical form, so that only what it does is compared and not how its rules are grouped. */
export function seccompEssence(seccomp: OciSeccomp | undefined) {
  if (seccomp === undefined) return null;
  const lines = seccomp.syscalls.flatMap((rule) => {
    const args = (rule.args ?? []).map((arg) => `${arg.index},${arg.value},${arg.valueTwo ?? 0},${arg.op}`).join(";");
    const names = rule.names.filter((name) => !SINCE_26.has(name));
    return names.map((name) => `${name} ${rule.action} ${rule.errnoRet ?? ""} ${args}`);
  });
  const unique = [...new Set(lines)].sort();
  return {
    defaultAction: seccomp.defaultAction,
    defaultErrnoRet: seccomp.defaultErrnoRet ?? null,
    architectures: seccomp.architectures ?? null,
    rules: unique.length,
    sha256: createHash("sha256").update(unique.join("\n")).digest("hex"),
  };
}

/** The essence of a document, in the terms of the recording. */
export function essenceOf(spec: OciSpec) {
  const { process, linux } = spec;
  const { resources } = linux;
  return {
    terminal: process.terminal ?? false,
    user: process.user,
    args: process.args,
    // Docker leaves HOME to the runtime.
    env: process.env.filter((entry) => !entry.startsWith("HOME=")),
    cwd: process.cwd,
    capabilities: process.capabilities?.bounding ?? [],
    inheritable: process.capabilities?.inheritable ?? [],
    rlimits: process.rlimits ?? [],
    noNewPrivileges: process.noNewPrivileges ?? false,
    oomScoreAdj: process.oomScoreAdj ?? 0,
    readonly: spec.root.readonly ?? false,
    hostname: spec.hostname ?? "",
    mounts: spec.mounts,
    sysctl: linux.sysctl ?? {},
    memory: resources.memory ?? null,
    cpu: resources.cpu ?? null,
    pids: resources.pids ?? null,
    blockIO: resources.blockIO ?? null,
    deviceRules: resources.devices,
    devices: linux.devices,
    cgroupsPath: linux.cgroupsPath,
    namespaces: linux.namespaces.map((namespace) => namespace.type) as string[],
    maskedPaths: linux.maskedPaths ?? [],
    readonlyPaths: linux.readonlyPaths ?? [],
    rootfsPropagation: linux.rootfsPropagation ?? null,
    annotations: spec.annotations ?? {},
    seccomp: seccompEssence(linux.seccomp),
  };
}
