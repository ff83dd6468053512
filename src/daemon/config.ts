import { formatHost, type Host, isLoopback, parseHost } from "../api/transport/index.ts";
import { invalid } from "../lib/index.ts";
import type { NetworkSettings } from "../network/index.ts";
import type { Ulimit } from "../spec/api/index.ts";
import type { LogLevel } from "./logger.ts";
import { networkSettingsOf } from "./network-settings.ts";
import { options } from "./options.ts";
import { isRecord, type Runtime, runtimesOf, type Settings } from "./settings.ts";

export interface TlsConfig {
  /** Clients must show a certificate of `ca`. */
  verify: boolean;
  ca: string;
  cert: string;
  key: string;
}

/** What SIGHUP can change while the daemon runs. */
export interface ReloadableConfig {
  debug: boolean;
  labels: readonly string[];
  shutdownTimeoutMs: number;
  runtimes: Readonly<Record<string, Runtime>>;
  defaultRuntime: string | undefined;
  insecureRegistries: readonly string[];
  registryMirrors: readonly string[];
  maxConcurrentDownloads: number;
}

/** The daemon's whole configuration, checked, defaults filled in. */
export interface DaemonConfig extends ReloadableConfig {
  dataRoot: string;
  execRoot: string;
  pidfile: string;
  logLevel: LogLevel;
  logFormat: "text" | "json";
  experimental: boolean;
  hosts: readonly Host[];
  /** undefined: docker or berth, whichever group there is. */
  group: string | undefined;
  tls: TlsConfig | undefined;
  init: boolean;
  initPath: string | undefined;
  cgroupParent: string | undefined;
  defaultCgroupnsMode: "host" | "private";
  defaultIpcMode: "shareable" | "private";
  defaultShmSize: number;
  defaultUlimits: readonly Ulimit[];
  noNewPrivileges: boolean;
  /** "builtin", "unconfined" or a path. */
  seccompProfile: string;
  logDriver: string;
  logOpts: Readonly<Record<string, string>>;
  dns: readonly string[];
  dnsOptions: readonly string[];
  dnsSearch: readonly string[];
  networks: NetworkSettings;
  /** What to tell the user once: settings that have no meaning here. */
  warnings: readonly string[];
}

/** Typed access to merged settings, with each option's own default behind it. */
class Reader {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  #value(key: string): unknown {
    return this.#settings.get(key) ?? options.find((each) => each.key === key)?.flag?.flag.default;
  }

  text(key: string): string {
    const value = this.#value(key);
    return typeof value === "string" ? value : "";
  }

  optional(key: string): string | undefined {
    return this.text(key) === "" ? undefined : this.text(key);
  }

  flag(key: string): boolean {
    return this.#value(key) === true;
  }

  int(key: string, minimum: number, what: string): number {
    const value = Number(this.#value(key));
    if (value < minimum) throw invalid(`invalid ${what}: ${value}`);
    return value;
  }

  list(key: string): string[] {
    const value = this.#value(key);
    return Array.isArray(value) ? (value as string[]) : [];
  }

  map(key: string): Record<string, string> {
    const value = this.#value(key);
    return isRecord(value) ? (value as Record<string, string>) : {};
  }

  choice<T extends string>(key: string, values: readonly T[], what: string): T {
    const value = this.text(key);
    const found = values.find((each) => each === value);
    if (found === undefined) throw invalid(`invalid ${what}: ${value}`);
    return found;
  }
}

/** Makes the configuration from merged settings. Fails "invalid", in dockerd's words where it has them. */
export function makeConfig(settings: Settings): DaemonConfig {
  const read = new Reader(settings);
  refuseUnsafe(settings);
  checkStorage(read);
  const tls = tlsOf(read, settings);
  const execRoot = absolute(read.text("exec-root"), "exec-root");
  return {
    ...readReloadable(settings),
    dataRoot: absolute(read.text("data-root"), "data-root"),
    execRoot,
    pidfile: read.optional("pidfile") ?? `${execRoot}/berth.pid`,
    logLevel: logLevelOf(read.text("log-level")),
    logFormat: read.choice("log-format", ["text", "json"], "log format"),
    experimental: read.flag("experimental"),
    hosts: hostsOf(read, tls),
    group: read.optional("group"),
    tls,
    init: read.flag("init"),
    initPath: read.optional("init-path"),
    cgroupParent: read.optional("cgroup-parent"),
    defaultCgroupnsMode: read.choice("default-cgroupns-mode", ["private", "host"], "default cgroup namespace mode"),
    defaultIpcMode: read.choice("default-ipc-mode", ["private", "shareable"], "IPC mode"),
    defaultShmSize: read.int("default-shm-size", 1, "default shm size"),
    defaultUlimits: ulimitsOf(settings),
    noNewPrivileges: read.flag("no-new-privileges"),
    seccompProfile: read.text("seccomp-profile") || "builtin",
    logDriver: read.text("log-driver"),
    logOpts: read.map("log-opts"),
    dns: read.list("dns"),
    dnsOptions: read.list("dns-opts"),
    dnsSearch: read.list("dns-search"),
    networks: networkSettingsOf(settings, read),
    warnings: [...warningsOf(settings), ...execOptionWarnings(read), ...tlsWarnings(tls)],
  };
}

/** The part that a reload applies. Fails "invalid". */
export function readReloadable(settings: Settings): ReloadableConfig {
  const read = new Reader(settings);
  return {
    debug: read.flag("debug"),
    labels: uniqueLabels(read.list("labels")),
    shutdownTimeoutMs: read.int("shutdown-timeout", -1, "shutdown timeout") * 1000,
    runtimes: runtimesOf(settings),
    defaultRuntime: read.optional("default-runtime"),
    insecureRegistries: read.list("insecure-registries"),
    registryMirrors: read.list("registry-mirrors"),
    maxConcurrentDownloads: read.int("max-concurrent-downloads", 1, "max concurrent downloads"),
  };
}

function absolute(path: string, key: string): string {
  if (!path.startsWith("/")) throw invalid(`${key} must be an absolute path: ${JSON.stringify(path)}`);
  return path.replace(/(?<=.)\/+$/, "");
}

function logLevelOf(text: string): LogLevel {
  const levels = {
    debug: "debug",
    info: "info",
    warn: "warn",
    warning: "warn",
    error: "error",
    fatal: "fatal",
  } as const;
  const level = Object.entries(levels).find(([name]) => name === text.toLowerCase())?.[1];
  if (level === undefined) throw invalid(`invalid logging level: ${text}`);
  return level;
}

function uniqueLabels(labels: readonly string[]): string[] {
  const byName = new Map<string, string>();
  for (const label of labels) {
    const name = label.slice(0, label.indexOf("="));
    const before = byName.get(name);
    if (before !== undefined && before !== label)
      throw invalid(`conflict labels for ${name}=${label.slice(name.length + 1)} and ${before}`);
    byName.set(name, label);
  }
  return [...byName.values()];
}

/** Whether a setting says something else than the default does. */
function isMeant(settings: Settings, key: string, initial: unknown): boolean {
  if (!settings.has(key)) return false;
  const value = settings.get(key);
  if (Array.isArray(value)) return value.length > 0;
  if (isRecord(value)) return Object.keys(value).length > 0;
  return value !== (initial ?? false) && value !== "";
}

function refuseUnsafe(settings: Settings): void {
  for (const { key, refuse, flag } of options)
    if (refuse !== undefined && isMeant(settings, key, flag?.flag.default))
      throw invalid(`${key} is not supported: ${refuse}`);
}

function warningsOf(settings: Settings): string[] {
  const warnings = options
    .filter(({ key, warn, flag }) => warn !== undefined && isMeant(settings, key, flag?.flag.default))
    .map(({ key, warn }) => `${key} has no effect: ${warn}`);
  if (settings.get("live-restore") === false)
    warnings.push("live-restore is always on: containers run on while the daemon is down");
  return warnings;
}

function execOptionWarnings(read: Reader): string[] {
  return read.list("exec-opts").flatMap((option) => {
    const [name = "", value] = option.split("=", 2);
    if (value === undefined) throw invalid(`unable to parse key/value option: ${option}`);
    if (name !== "native.cgroupdriver") throw invalid(`Unknown option "${name}"`);
    if (value !== "cgroupfs" && value !== "systemd") throw invalid(`native.cgroupdriver option ${value} not supported`);
    return value === "systemd" ? ["native.cgroupdriver=systemd has no effect: cgroups are made directly"] : [];
  });
}

function checkStorage(read: Reader): void {
  const driver = read.text("storage-driver");
  if (driver !== "" && driver !== "overlay2" && driver !== "overlay" && driver !== "overlayfs")
    throw invalid(`storage-driver ${driver} is not supported: images and containers are on overlay2`);
  for (const option of read.list("storage-opts"))
    if (!/^overlay2\.override_kernel_check=(true|false|1|0)$/.test(option))
      throw invalid(`storage-opt ${option} is not supported`);
}

function tlsOf(read: Reader, settings: Settings): TlsConfig | undefined {
  const verify = read.flag("tlsverify");
  if (!verify && !read.flag("tls")) return undefined;
  if (verify && settings.get("tls") === false) throw invalid("tlsverify needs TLS: tls is set to false");
  return { verify, ca: read.text("tlscacert"), cert: read.text("tlscert"), key: read.text("tlskey") };
}

function tlsWarnings(tls: TlsConfig | undefined): string[] {
  return tls !== undefined && !tls.verify ? ["tls without tlsverify: callers are not authenticated"] : [];
}

function hostsOf(read: Reader, tls: TlsConfig | undefined): Host[] {
  const texts = read.list("hosts");
  const hosts = (texts.length === 0 ? [""] : texts).map((text) =>
    parseHost(text, { tls: tls !== undefined, defaultHost: "", allowPortZero: true }),
  );
  for (const host of hosts) checkReach(host, tls, read.flag("insecure-tcp"));
  return hosts;
}

/** Whoever reaches the API is root here: without client certificates an address must be loopback, and say so. */
function checkReach(host: Host, tls: TlsConfig | undefined, insecure: boolean): void {
  if (host.kind === "ssh") throw invalid(`a daemon cannot listen on ${formatHost(host)}`);
  if (host.kind !== "tcp") return;
  if (host.basePath !== "")
    throw invalid(`invalid bind address (${formatHost(host)}): should not contain a path element`);
  if (tls?.verify === true || isLoopback(host.host) || insecure) return;
  const where = host.host === "" ? "names no address" : "can be reached from other machines";
  throw invalid(
    `${formatHost(host)} ${where}, and gives root on this machine to whoever connects: name a loopback address (tcp://127.0.0.1:${host.port}), use --tlsverify, or allow it with --insecure-tcp`,
  );
}

function ulimitsOf(settings: Settings): Ulimit[] {
  const value = settings.get("default-ulimits") ?? [];
  if (Array.isArray(value)) return (value as string[]).map(parseUlimit);
  return Object.entries(value).map(([key, entry]) => {
    const { Name: name = key, Soft: soft, Hard: hard } = isRecord(entry) ? entry : {};
    if (typeof name !== "string" || !Number.isSafeInteger(soft) || !Number.isSafeInteger(hard))
      throw invalid(`default-ulimits: ${key} needs Name, Soft and Hard`);
    return { Name: name, Soft: Number(soft), Hard: Number(hard) };
  });
}

/** `name=soft[:hard]`, as --default-ulimit takes it. Fails "invalid" with Docker's text. */
function parseUlimit(text: string): Ulimit {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (match === null) throw invalid(`invalid ulimit argument: ${text}`);
  const soft = Number(match[2]);
  const hard = match[3] === undefined ? soft : Number(match[3]);
  if (hard !== -1 && (soft === -1 || soft > hard))
    throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  return { Name: match[1] ?? "", Soft: soft, Hard: hard };
}
