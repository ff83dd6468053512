import { bytesSize } from "../../lib/text/index.ts";

/** What `info` reads of the daemon's answer; the rest is for templates. */
export interface ServerInfo {
  Containers?: number;
  ContainersRunning?: number;
  ContainersPaused?: number;
  ContainersStopped?: number;
  Images?: number;
  ServerVersion?: string;
  Driver?: string;
  DriverStatus?: [string, string][] | null;
  LoggingDriver?: string;
  CgroupDriver?: string;
  CgroupVersion?: string;
  Plugins?: {
    Volume?: string[] | null;
    Network?: string[] | null;
    Authorization?: string[] | null;
    Log?: string[] | null;
  };
  Swarm?: { LocalNodeState?: string };
  Runtimes?: Record<string, unknown>;
  DefaultRuntime?: string;
  InitBinary?: string;
  ContainerdCommit?: { ID?: string };
  RuncCommit?: { ID?: string };
  InitCommit?: { ID?: string };
  SecurityOptions?: string[] | null;
  KernelVersion?: string;
  OperatingSystem?: string;
  OSType?: string;
  Architecture?: string;
  NCPU?: number;
  MemTotal?: number;
  Name?: string;
  ID?: string;
  DockerRootDir?: string;
  Debug?: boolean;
  NFd?: number;
  NGoroutines?: number;
  SystemTime?: string;
  NEventsListener?: number;
  HttpProxy?: string;
  HttpsProxy?: string;
  NoProxy?: string;
  Labels?: string[] | null;
  ExperimentalBuild?: boolean;
  RegistryConfig?: {
    InsecureRegistryCIDRs?: string[] | null;
    IndexConfigs?: Record<string, { Secure?: boolean }>;
    Mirrors?: string[] | null;
  };
  LiveRestoreEnabled?: boolean;
  ProductLicense?: string;
  DefaultAddressPools?: { Base: string; Size: number }[] | null;
  Warnings?: string[] | null;
  [name: string]: unknown;
}

/** One line with its name and value; nothing where there is no value. */
const line = (name: string, value: string | number | boolean | undefined) =>
  value === undefined || value === "" ? "" : ` ${name}: ${value}\n`;

/** The server's part of `info`, line by line as Docker prints it. */
export function serverInfoText(info: ServerInfo): string {
  return [
    counts(info),
    storage(info),
    plugins(info),
    runtimes(info),
    security(info),
    machine(info),
    debug(info),
    registries(info),
  ].join("");
}

function counts(info: ServerInfo): string {
  return [
    ` Containers: ${info.Containers ?? 0}\n`,
    `  Running: ${info.ContainersRunning ?? 0}\n`,
    `  Paused: ${info.ContainersPaused ?? 0}\n`,
    `  Stopped: ${info.ContainersStopped ?? 0}\n`,
    ` Images: ${info.Images ?? 0}\n`,
    line("Server Version", info.ServerVersion),
  ].join("");
}

function storage(info: ServerInfo): string {
  const status = (info.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}\n`).join("");
  return `${line("Storage Driver", info.Driver)}${status}${line("Logging Driver", info.LoggingDriver)}${line("Cgroup Driver", info.CgroupDriver)}${line("Cgroup Version", info.CgroupVersion)}`;
}

function plugins({ Plugins = {}, Swarm }: ServerInfo): string {
  const names = (title: string, list: string[] | null | undefined) =>
    list && list.length > 0 ? `  ${title}: ${list.join(" ")}\n` : "";
  return [
    " Plugins:\n",
    `  Volume: ${(Plugins.Volume ?? []).join(" ")}\n`,
    `  Network: ${(Plugins.Network ?? []).join(" ")}\n`,
    names("Authorization", Plugins.Authorization),
    `  Log: ${(Plugins.Log ?? []).join(" ")}\n`,
    line("Swarm", Swarm?.LocalNodeState),
  ].join("");
}

function runtimes(info: ServerInfo): string {
  const names = Object.keys(info.Runtimes ?? {}).sort();
  return [
    names.length === 0 ? "" : ` Runtimes: ${names.join(" ")}\n`,
    line("Default Runtime", info.DefaultRuntime),
    line("Init Binary", info.InitBinary),
    ` containerd version: ${info.ContainerdCommit?.ID ?? ""}\n`,
    ` runc version: ${info.RuncCommit?.ID ?? ""}\n`,
    ` init version: ${info.InitCommit?.ID ?? ""}\n`,
  ].join("");
}

/** "name=seccomp,profile=builtin" is an option with its settings below it. */
function security({ SecurityOptions }: ServerInfo): string {
  if (!SecurityOptions || SecurityOptions.length === 0) return "";
  const rows = SecurityOptions.map((option) => {
    const pairs = option.split(",").map((pair) => pair.split("=", 2));
    const name = pairs.find(([key]) => key === "name")?.[1] ?? option;
    const settings = pairs
      .filter(([key]) => key !== "name")
      .map(([key = "", value = ""]) => `   ${key.charAt(0).toUpperCase()}${key.slice(1)}: ${value}\n`);
    return `  ${name}\n${settings.join("")}`;
  });
  return ` Security Options:\n${rows.join("")}`;
}

function machine(info: ServerInfo): string {
  return [
    line("Kernel Version", info.KernelVersion),
    line("Operating System", info.OperatingSystem),
    line("OSType", info.OSType),
    line("Architecture", info.Architecture),
    ` CPUs: ${info.NCPU ?? 0}\n`,
    ` Total Memory: ${bytesSize(info.MemTotal ?? 0)}\n`,
    line("Name", info.Name),
    line("ID", info.ID),
    line("Docker Root Dir", info.DockerRootDir),
  ].join("");
}

function debug(info: ServerInfo): string {
  const details = info.Debug
    ? `  File Descriptors: ${info.NFd ?? 0}\n  Goroutines: ${info.NGoroutines ?? 0}\n  System Time: ${info.SystemTime ?? ""}\n  EventsListeners: ${info.NEventsListener ?? 0}\n`
    : "";
  const labels =
    info.Labels && info.Labels.length > 0 ? ` Labels:\n${info.Labels.map((label) => `  ${label}\n`).join("")}` : "";
  return [
    ` Debug Mode: ${info.Debug ?? false}\n${details}`,
    line("HTTP Proxy", info.HttpProxy),
    line("HTTPS Proxy", info.HttpsProxy),
    line("No Proxy", info.NoProxy),
    labels,
    ` Experimental: ${info.ExperimentalBuild ?? false}\n`,
  ].join("");
}

function registries(info: ServerInfo): string {
  const config = info.RegistryConfig;
  const insecure = [
    ...Object.entries(config?.IndexConfigs ?? {})
      .filter(([, index]) => index.Secure === false)
      .map(([name]) => name),
    ...(config?.InsecureRegistryCIDRs ?? []),
  ];
  const block = (title: string, values: readonly string[]) =>
    values.length === 0 ? "" : ` ${title}:\n${values.map((value) => `  ${value}\n`).join("")}`;
  const pools = info.DefaultAddressPools ?? [];
  return [
    block("Insecure Registries", insecure),
    block("Registry Mirrors", config?.Mirrors ?? []),
    ` Live Restore Enabled: ${info.LiveRestoreEnabled ?? false}\n`,
    line("Product License", info.ProductLicense),
    pools.length === 0
      ? ""
      : ` Default Address Pools:\n${pools.map(({ Base, Size }) => `   Base: ${Base}, Size: ${Size}\n`).join("")}`,
  ].join("");
}
