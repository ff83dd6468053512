import { invalid } from "../../../lib/index.ts";
import type { ContainerConfig, HostConfig } from "../../../spec/api/index.ts";
import { type Machine, signalNumber } from "../../../system/index.ts";
import { parseDeviceRule } from "../devices.ts";
import {
  checkExtraHosts,
  checkModes,
  checkNetworkMode,
  checkRest,
  checkRestartPolicy,
  checkTmpfs,
  checkUlimits,
  checkUnsupported,
} from "./options.ts";
import { resourceChecks } from "./resources.ts";

const MAX_HOSTNAME = 64;
const MILLISECOND = 1e6;

function checkHealth(config: ContainerConfig): void {
  const health = config.Healthcheck;
  if (health == null) return;
  for (const field of ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const) {
    const value = health[field] ?? 0;
    if (value !== 0 && value < MILLISECOND) throw invalid(`${field} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) throw invalid("Retries in Healthcheck cannot be negative");
  const action: string = health.OnFailure ?? "";
  if (!["", "none", "kill", "restart", "stop"].includes(action)) {
    throw invalid(`OnFailure in Healthcheck must be none, kill, restart or stop, not ${JSON.stringify(action)}`);
  }
}

/** Checks the container's own part of the body. Throws "invalid" with Docker's text. */
export function validateContainerConfig(config: ContainerConfig): void {
  if (config.WorkingDir && !config.WorkingDir.startsWith("/")) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  if (config.StopSignal) signalNumber(config.StopSignal);
  for (const entry of config.Env ?? []) {
    if (entry === "" || entry.startsWith("=")) throw invalid(`invalid environment variable: ${entry}`);
  }
  checkHealth(config);
  if (Buffer.byteLength(config.Hostname ?? "") > MAX_HOSTNAME) {
    throw invalid(`hostname ${JSON.stringify(config.Hostname)} is too long (maximum ${MAX_HOSTNAME} bytes)`);
  }
  refuseNul(config);
}

/** A NUL ends a string for the kernel and the runtime, and hides what follows it from one of them. */
function refuseNul(config: ContainerConfig): void {
  const lists = [config.Env, config.Cmd, config.Entrypoint, [config.WorkingDir, config.User, config.Hostname]];
  const texts = [...lists.flatMap((list) => list ?? []), config.Domainname];
  if (texts.some((text) => text?.includes("\0"))) throw invalid("invalid NUL byte in the container's configuration");
}

export interface Validated {
  /** The config with what this machine cannot keep taken out. */
  hostConfig: HostConfig;
  /** Docker's sentences for what was taken out, and for what is unwise. */
  warnings: string[];
}

/**
 * Checks a host config, after `adaptHostConfig`, against itself, the container's config and the machine. Throws
 * "invalid" with Docker's text; what the machine cannot keep is discarded with a warning.
 */
export function validateHostConfig(from: HostConfig, machine: Machine, config: ContainerConfig = {}): Validated {
  const hostConfig = { ...from };
  const warnings: string[] = [];
  checkNetworkMode(config, hostConfig);
  checkUnsupported(hostConfig);
  checkRestartPolicy(hostConfig);
  checkExtraHosts(hostConfig);
  for (const check of resourceChecks) check(hostConfig, machine, (text) => warnings.push(text));
  checkModes(hostConfig);
  checkTmpfs(hostConfig);
  checkUlimits(hostConfig);
  checkRest(hostConfig);
  (hostConfig.DeviceCgroupRules ?? []).map(parseDeviceRule);
  if (hostConfig.NetworkMode === "host" && Object.keys(hostConfig.PortBindings ?? {}).length > 0) {
    warnings.push("Published ports are discarded when using host network mode");
  }
  if (hostConfig.CgroupnsMode === "private" && !machine.limits.cgroupNamespaces) {
    warnings.push("Your kernel does not support cgroup namespaces.  Cgroup namespace setting discarded.");
  }
  return { hostConfig, warnings };
}
