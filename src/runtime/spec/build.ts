import { BerthError, invalid } from "../../lib/index.ts";
import type { ContainerConfig, HostConfig } from "../../spec/api/index.ts";
import type { ResolvedMount, SpecInput } from "./input.ts";
import { mountsFor, rootPropagation } from "./mounts.ts";
import { checkSysctl, namespacesFor } from "./namespaces.ts";
import type { OciLinux, OciProcess, OciSeccomp, OciSpec } from "./oci.ts";
import { DEFAULT_READONLY_PATHS, maskedPaths } from "./paths.ts";
import { buildProcess } from "./process.ts";
import { resourcesFor } from "./resources.ts";
import { compileProfile, defaultProfile, parseProfile } from "./seccomp/index.ts";
import { parseSecurityOptions, type SecurityOptions } from "./security.ts";

/** Where a container's init is, by the name that Docker gives it. */
const INIT_PATH = "/sbin/docker-init";

/** The command line of a container: entry point and arguments. Throws Docker's text where there is none. */
export function commandOf(config: ContainerConfig): string[] {
  const command = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (command.length === 0) throw invalid("no command specified");
  return command;
}

function initOf(input: SpecInput): ResolvedMount | undefined {
  const wanted = input.hostConfig.Init ?? input.defaults?.init ?? false;
  // With another's pid namespace there is an init already.
  if (!wanted || input.namespaces.pid !== "new") return undefined;
  if (input.initPath === undefined) {
    throw new BerthError("not-found", 'exec: "docker-init": executable file not found in $PATH', {
      hint: "install catatonit or tini",
    });
  }
  return { type: "bind", source: input.initPath, destination: INIT_PATH, options: ["bind", "ro"] };
}

function sysctlsFor(input: SpecInput): Record<string, string> {
  const sysctls: Record<string, string> = {};
  const set = (name: string, value: string) => {
    if (input.machine.hasSysctl(name)) sysctls[name] = value;
  };
  if (input.namespaces.network === "new") {
    set("net.ipv4.ip_unprivileged_port_start", "0");
    set("net.ipv4.ping_group_range", "0 2147483647");
  }
  const domain = input.domainname ?? input.config.Domainname ?? "";
  if (domain !== "" && input.namespaces.uts === "new") sysctls["kernel.domainname"] = domain;
  for (const [name, value] of Object.entries(input.hostConfig.Sysctls ?? {})) {
    checkSysctl(name, input.namespaces);
    sysctls[name] = value;
  }
  return sysctls;
}

/** The text of the profile that holds: the container's, the daemon's, or "builtin". */
function profileText(hostConfig: HostConfig, security: SecurityOptions, fallback: string | undefined): string {
  if (security.seccomp !== undefined && security.seccomp !== "") return security.seccomp;
  return hostConfig.Privileged ? "unconfined" : (fallback ?? "builtin");
}

function seccompFor(input: SpecInput, security: SecurityOptions, process: OciProcess): OciSeccomp | undefined {
  const text = profileText(input.hostConfig, security, input.defaults?.seccompProfile);
  if (text === "unconfined") return undefined;
  const builtin = text === "builtin" || text === "default";
  if (!input.machine.seccomp) {
    if (builtin) return undefined;
    throw invalid("seccomp is not enabled in your kernel, cannot run a custom seccomp profile");
  }
  return compileProfile(builtin ? defaultProfile : parseProfile(text), {
    architecture: input.machine.architecture,
    kernel: input.machine.kernel,
    capabilities: process.capabilities?.bounding ?? [],
  });
}

/** What the user chose, an empty list included; otherwise the defaults, unless the container is privileged. */
function pathsFor(input: SpecInput): { maskedPaths?: string[]; readonlyPaths?: string[] } {
  const { MaskedPaths: masked, ReadonlyPaths: readOnly, Privileged: privileged } = input.hostConfig;
  const choose = (chosen: string[] | null | undefined, defaults: readonly string[]) =>
    chosen ?? (privileged ? [] : [...defaults]);
  const hidden = choose(masked, maskedPaths(input.machine));
  const fixed = choose(readOnly, DEFAULT_READONLY_PATHS);
  return {
    ...(hidden.length > 0 && { maskedPaths: hidden }),
    ...(fixed.length > 0 && { readonlyPaths: fixed }),
  };
}

function refuseDeviceRequests(config: HostConfig): void {
  const request = config.DeviceRequests?.[0];
  if (request === undefined) return;
  const sets = (request.Capabilities ?? []).map((set) => `[${set.join(" ")}]`).join(" ");
  throw invalid(`could not select device driver ${JSON.stringify(request.Driver ?? "")} with capabilities: [${sets}]`);
}

function linuxFor(input: SpecInput, security: SecurityOptions, process: OciProcess): OciLinux {
  const sysctl = sysctlsFor(input);
  const seccomp = seccompFor(input, security, process);
  const propagation = rootPropagation(input.mounts);
  return {
    ...(Object.keys(sysctl).length > 0 && { sysctl }),
    resources: {
      devices: input.devices.rules,
      ...resourcesFor(input.hostConfig, input.blockDevices ?? new Map()),
    },
    cgroupsPath: input.cgroupPath,
    namespaces: namespacesFor(input.namespaces),
    devices: input.devices.devices,
    ...(seccomp && { seccomp }),
    ...(propagation !== undefined && { rootfsPropagation: propagation }),
    ...pathsFor(input),
  };
}

/**
 * The OCI runtime document of a container. Pure: everything of the host is in `input`. Throws "invalid", with Docker's
 * text where it has one, for what cannot be combined.
 */
export function buildSpec(input: SpecInput): OciSpec {
  const { config, hostConfig } = input;
  refuseDeviceRequests(hostConfig);
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  const init = initOf(input);
  const command = commandOf(config);
  const process = buildProcess({
    config,
    hostConfig,
    user: input.user,
    hostname: input.hostname,
    args: init === undefined ? command : [INIT_PATH, "--", ...command],
    tty: config.Tty ?? false,
    consoleSize: hostConfig.ConsoleSize,
    machine: input.machine,
    defaults: input.defaults,
  });
  const annotations = hostConfig.Annotations ?? {};
  return {
    ociVersion: "1.0.2",
    process,
    root: { path: input.rootfs, ...(hostConfig.ReadonlyRootfs && { readonly: true }) },
    ...(input.namespaces.uts === "new" && { hostname: input.hostname }),
    mounts: mountsFor({
      mounts: input.mounts,
      ipcMode: hostConfig.IpcMode ?? "",
      shmSize: hostConfig.ShmSize ?? 0,
      shmPath: input.shmPath,
      privileged: hostConfig.Privileged ?? false,
      writableCgroups: security.writableCgroups ?? hostConfig.Privileged ?? false,
      readOnlyRoot: hostConfig.ReadonlyRootfs ?? false,
      init,
    }),
    linux: linuxFor(input, security, process),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}
