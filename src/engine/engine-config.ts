import { DEFAULT_SETTINGS, type NetworkSettings } from "../network/index.ts";
import type { Ulimit } from "../spec/api/index.ts";

/** What a reload of the daemon's configuration can change while the engine runs. */
export interface ReloadableEngineConfig {
  readonly debug: boolean;
  readonly labels: readonly string[];
  /** Runtimes beside crun and runc, by name. */
  readonly runtimes: Readonly<Record<string, { path: string; args: readonly string[] }>>;
  /** undefined: crun or runc, whichever makes containers here. */
  readonly defaultRuntime: string | undefined;
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly maxConcurrentDownloads: number;
}

/** Everything that an engine has to be told. */
export interface EngineConfig extends ReloadableEngineConfig {
  readonly version: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly experimental: boolean;
  readonly init: boolean;
  readonly initPath: string | undefined;
  readonly cgroupParent: string | undefined;
  readonly defaultCgroupnsMode: "host" | "private";
  readonly defaultIpcMode: "shareable" | "private";
  readonly defaultShmSize: number;
  readonly defaultUlimits: readonly Ulimit[];
  readonly noNewPrivileges: boolean;
  /** "builtin", "unconfined" or a path. */
  readonly seccompProfile: string;
  readonly logDriver: string;
  readonly logOpts: Readonly<Record<string, string>>;
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly networks: NetworkSettings;
}

/** Where an engine reports what nobody is waiting for. */
export interface EngineLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** A configuration with everything left at its default; for tests and tools. */
export function defaultEngineConfig(roots: { dataRoot: string; execRoot: string }): EngineConfig {
  return {
    ...roots,
    version: "0.0.0-dev",
    debug: false,
    labels: [],
    runtimes: {},
    defaultRuntime: undefined,
    insecureRegistries: [],
    registryMirrors: [],
    maxConcurrentDownloads: 3,
    experimental: false,
    init: false,
    initPath: undefined,
    cgroupParent: undefined,
    defaultCgroupnsMode: "private",
    defaultIpcMode: "private",
    defaultShmSize: 64 * 1024 * 1024,
    defaultUlimits: [],
    noNewPrivileges: false,
    seccompProfile: "builtin",
    logDriver: "json-file",
    logOpts: {},
    dns: [],
    dnsOptions: [],
    dnsSearch: [],
    networks: DEFAULT_SETTINGS,
  };
}
