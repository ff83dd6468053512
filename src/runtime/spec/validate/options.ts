import { isIP } from "node:net";
import { invalid } from "../../../lib/index.ts";
import type { ContainerConfig, HostConfig } from "../../../spec/api/index.ts";
import { containerOf, isValidCgroupnsMode, isValidHostMode, isValidIpcMode, isValidPidMode } from "../modes.ts";
import { parseSecurityOptions } from "../security.ts";
import { mergeTmpfsOptions } from "../tmpfs.ts";

/** Conflicts of --network container:x, host networking and a host name. */
export function checkNetworkMode(config: ContainerConfig, hostConfig: HostConfig): void {
  const conflict = (text: string) => invalid(`conflicting options: ${text}`);
  const mode = hostConfig.NetworkMode ?? "";
  const container = mode === "container" ? "" : containerOf(mode);
  const undefinedBehaviour = "can't be used with links. This would result in undefined behavior";
  if (container !== undefined) {
    if (container === "") throw invalid("invalid network mode: invalid container format container:<name|id>");
    if (config.Hostname) throw conflict("hostname and the network mode");
    if ((hostConfig.Links ?? []).length > 0) throw conflict(`container type network ${undefinedBehaviour}`);
    if ((hostConfig.Dns ?? []).length > 0) throw conflict("dns and the network mode");
    if ((hostConfig.ExtraHosts ?? []).length > 0) throw conflict("custom host-to-IP mapping and the network mode");
    if (Object.keys(hostConfig.PortBindings ?? {}).length > 0 || hostConfig.PublishAllPorts) {
      throw conflict("port publishing and the container type network mode");
    }
    if (Object.keys(config.ExposedPorts ?? {}).length > 0) {
      throw conflict("port exposing and the container type network mode");
    }
  }
  if (hostConfig.UTSMode === "host" && config.Hostname) throw conflict("hostname and the UTS mode");
  if (mode === "host" && (hostConfig.Links ?? []).length > 0)
    throw conflict(`host type networking ${undefinedBehaviour}`);
}

const RESTART = new Set(["no", "always", "on-failure", "unless-stopped"]);

/** The restart policy alone and against --rm. */
export function checkRestartPolicy(config: HostConfig): void {
  const { Name: name = "", MaximumRetryCount: count = 0 } = config.RestartPolicy ?? {};
  if (config.AutoRemove && name !== "" && name !== "no") {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  if (name === "") return;
  if (!RESTART.has(name)) {
    throw invalid(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  if (name === "on-failure") {
    if (count < 0) throw invalid("invalid restart policy: maximum retry count cannot be negative");
  } else if (count !== 0) {
    const more = count < 0 ? " and cannot be negative" : "";
    throw invalid(`invalid restart policy: maximum retry count can only be used with 'on-failure'${more}`);
  }
}

/** --add-host: a name, a colon, an address or "host-gateway". */
export function checkExtraHosts(config: HostConfig): void {
  for (const entry of config.ExtraHosts ?? []) {
    const at = entry.indexOf(":");
    if (at < 1) throw invalid(`bad format for add-host: ${JSON.stringify(entry)}`);
    const address = entry.slice(at + 1);
    const bare = address.startsWith("[") && address.endsWith("]") ? address.slice(1, -1) : address;
    if (address !== "host-gateway" && isIP(bare) === 0) {
      throw invalid(`invalid IP address in add-host: ${JSON.stringify(address)}`);
    }
  }
}

/** Namespace modes, in Docker's words. */
export function checkModes(config: HostConfig): void {
  const { IpcMode: ipc = "", PidMode: pid = "", UTSMode: uts = "", UsernsMode: userns = "" } = config;
  if (!isValidIpcMode(ipc)) throw invalid(`invalid IPC mode: ${ipc}`);
  if (!isValidPidMode(pid)) throw invalid(`invalid PID mode: ${pid}`);
  if ((config.ShmSize ?? 0) < 0) throw invalid("SHM size can not be less than 0");
  if (!isValidHostMode(uts)) throw invalid(`invalid UTS mode: ${uts}`);
  if (!isValidHostMode(userns)) throw invalid(`invalid USER mode: ${userns}`);
  const score = config.OomScoreAdj ?? 0;
  if (!Number.isInteger(score) || score < -1000 || score > 1000) {
    throw invalid(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
  }
  const cgroupns = config.CgroupnsMode ?? "";
  if (!isValidCgroupnsMode(cgroupns)) throw invalid(`invalid cgroup namespace mode: ${cgroupns}`);
}

/** Destinations and options of --tmpfs. Docker finds a wrong option at start; here it is told at once. */
export function checkTmpfs(config: HostConfig): void {
  for (const [destination, data] of Object.entries(config.Tmpfs ?? {})) {
    if (!destination.startsWith("/")) {
      throw invalid(`invalid mount path: '${destination}' mount path must be absolute`);
    }
    if (/^\/+$/.test(destination)) throw invalid("invalid specification: destination can't be '/'");
    if (data !== "") mergeTmpfsOptions(data.split(","));
  }
}

const ULIMITS = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" "),
);

/** Names of setrlimit(2), soft not above hard. */
export function checkUlimits(config: HostConfig): void {
  for (const { Name: name, Soft: soft, Hard: hard } of config.Ulimits ?? []) {
    if (!ULIMITS.has(name)) throw invalid(`invalid ulimit type: ${name}`);
    const above = hard >= 0 && (soft < 0 || soft > hard);
    if (above) throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
}

/** What has no home here, refused by name instead of dropped. */
export function checkUnsupported(config: HostConfig): void {
  const isolation = (config.Isolation ?? "").toLowerCase();
  if (isolation !== "" && isolation !== "default") {
    throw invalid(`invalid isolation (${config.Isolation}): linux only supports 'default'`);
  }
  for (const name of Object.keys(config.StorageOpt ?? {})) {
    if (name === "size")
      throw invalid("--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
    throw invalid(`unknown option ${name}`);
  }
  if (config.Cgroup) throw invalid(`invalid cgroup mode: ${config.Cgroup}`);
}

/** Everything else of the host config that is one value's own affair. */
export function checkRest(config: HostConfig): void {
  parseSecurityOptions(config.SecurityOpt ?? []);
  if (Object.keys(config.Annotations ?? {}).includes("")) {
    throw invalid("invalid Annotations: the empty string is not permitted as an annotation key");
  }
}
