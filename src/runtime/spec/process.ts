import type { ContainerConfig, HostConfig, Ulimit } from "../../spec/api/index.ts";
import type { Machine } from "../../system/index.ts";
import { capabilitiesFor } from "./capabilities.ts";
import { environmentFor } from "./environment.ts";
import type { SpecDefaults } from "./input.ts";
import type { OciCapabilities, OciProcess, OciRlimit, OciUser } from "./oci.ts";
import { parseSecurityOptions } from "./security.ts";

/** A negative number stands for no limit: RLIM_INFINITY, rounded here and put right by `specText`. */
const UNLIMITED = 2 ** 64;

const limit = (value: number) => (value < 0 ? UNLIMITED : value);

/** The container's limits, then the daemon's for what it does not name. */
export function rlimitsFor(own: readonly Ulimit[], defaults: readonly Ulimit[]): OciRlimit[] {
  const named = new Set(own.map((entry) => entry.Name));
  return [...own, ...defaults.filter((entry) => !named.has(entry.Name))].map((entry) => ({
    type: `RLIMIT_${entry.Name.toUpperCase()}`,
    soft: limit(entry.Soft),
    hard: limit(entry.Hard),
  }));
}

function capabilitySets(capabilities: readonly string[]): OciCapabilities {
  return { bounding: [...capabilities], effective: [...capabilities], permitted: [...capabilities] };
}

export interface ProcessInput {
  config: ContainerConfig;
  hostConfig: HostConfig;
  user: { uid: number; gid: number; additionalGids: readonly number[]; home: string };
  hostname: string;
  args: readonly string[];
  /** On top of the container's own. */
  env?: readonly string[];
  /** The container's own unless given. */
  cwd?: string;
  tty: boolean;
  /** Height and width; zeros stand for unknown. */
  consoleSize?: readonly [number, number] | undefined;
  /** All capabilities, also where the container has fewer: `exec --privileged`. */
  privileged?: boolean;
  machine: Machine;
  defaults?: SpecDefaults | undefined;
}

function userOf(user: ProcessInput["user"]): OciUser {
  return { uid: user.uid, gid: user.gid, additionalGids: [...user.additionalGids] };
}

/** The AppArmor profile of a process, where the machine has AppArmor. */
function apparmorOf(input: ProcessInput): string | undefined {
  if (!input.machine.apparmor) return undefined;
  const named = parseSecurityOptions(input.hostConfig.SecurityOpt ?? []).apparmor;
  if (named !== undefined && named !== "") return named;
  return input.hostConfig.Privileged ? "unconfined" : input.defaults?.apparmorProfile;
}

function consoleSizeOf(input: ProcessInput): OciProcess["consoleSize"] {
  const [height, width] = input.consoleSize ?? [0, 0];
  return input.tty && height > 0 && width > 0 ? { height, width } : undefined;
}

/**
 * The process of a container, or of an exec in it: both have the same limits, capabilities and profile. The inheritable
 * and ambient sets are left out, so they are empty.
 */
export function buildProcess(input: ProcessInput): OciProcess {
  const { config, hostConfig } = input;
  const wishes = {
    add: hostConfig.CapAdd ?? [],
    drop: hostConfig.CapDrop ?? [],
    privileged: (hostConfig.Privileged ?? false) || (input.privileged ?? false),
  };
  const env = [...(config.Env ?? []), ...(input.env ?? [])];
  const rlimits = rlimitsFor(hostConfig.Ulimits ?? [], input.defaults?.ulimits ?? []);
  const noNewPrivileges = parseSecurityOptions(hostConfig.SecurityOpt ?? []).noNewPrivileges;
  const apparmorProfile = apparmorOf(input);
  const consoleSize = consoleSizeOf(input);
  return {
    ...(input.tty && { terminal: true }),
    ...(consoleSize && { consoleSize }),
    user: userOf(input.user),
    args: [...input.args],
    env: environmentFor({ hostname: input.hostname, tty: input.tty, home: input.user.home, env }),
    cwd: input.cwd || config.WorkingDir || "/",
    capabilities: capabilitySets(capabilitiesFor(wishes, input.machine.capabilities)),
    ...(rlimits.length > 0 && { rlimits }),
    ...((noNewPrivileges ?? input.defaults?.noNewPrivileges) && { noNewPrivileges: true }),
    ...(apparmorProfile !== undefined && { apparmorProfile }),
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
  };
}
