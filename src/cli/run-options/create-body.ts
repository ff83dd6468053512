import type {
  ContainerConfig,
  ContainerCreateBody,
  HealthConfig,
  HostConfig,
  Resources,
} from "../../spec/api/index.ts";
import { CliError } from "../core/cli-error.ts";
import { cut } from "../core/flag.ts";
import type { ContainerFlags } from "./container-flags.ts";
import { parseDevices } from "./devices.ts";
import { readKeyValueFile } from "./key-value-file.ts";
import { parseEndpoints } from "./network.ts";
import { type Ports, parsePorts } from "./ports.ts";
import { parseSecurityOptions } from "./security.ts";
import { splitVolumes } from "./volume.ts";

export interface CreateInput {
  readonly flags: ContainerFlags;
  changed(name: keyof ContainerFlags): boolean;
  readonly image: string;
  readonly command: readonly string[];
  /** Variables that the configuration adds before those of the flags (proxies). */
  readonly extraEnv: readonly string[];
}

/** The create request of `run` and `create`: exactly what Docker's CLI sends. Throws CliError with its texts. */
export function createBody(input: CreateInput): ContainerCreateBody {
  const { flags } = input;
  const { "memory-swappiness": swappiness, "mac-address": mac } = flags;
  if (mac !== "" && !/^([0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(\2[0-9a-fA-F]{2}){4})$/.test(mac))
    throw new CliError(`${mac} is not a valid mac address`);
  if (swappiness < -1 || swappiness > 100)
    throw new CliError(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  const volumes = splitVolumes(flags.volume);
  const ports = parsePorts(flags.publish, flags.expose);
  const config = containerConfig(input, ports, volumes.volumes);
  const hostConfig = buildHostConfig(input, ports, volumes.binds);
  if (flags.rm && !["", "no"].includes(hostConfig.RestartPolicy?.Name ?? ""))
    throw new CliError("conflicting options: cannot specify both --restart and --rm");
  return { ...config, HostConfig: hostConfig, NetworkingConfig: { EndpointsConfig: endpoints(flags) } };
}

const orNull = <T>(values: readonly T[]): T[] | null => (values.length === 0 ? null : [...values]);

const networksOf = (flags: ContainerFlags) => [...flags.network, ...flags.net];

function endpoints(flags: ContainerFlags) {
  return parseEndpoints(networksOf(flags), {
    aliases: [...flags["network-alias"], ...flags["net-alias"]],
    links: flags.link,
    ipv4: flags.ip,
    ipv6: flags.ip6,
    macAddress: flags["mac-address"],
    linkLocalIps: flags["link-local-ip"],
  });
}

function containerConfig(input: CreateInput, ports: Ports, volumes: ContainerConfig["Volumes"]): ContainerConfig {
  const { flags, changed, image, command } = input;
  const attachAll = flags.attach.length === 0;
  const attachStdin = flags.attach.includes("stdin") || flags.interactive;
  const health = healthcheck(flags);
  return {
    Hostname: flags.hostname,
    Domainname: flags.domainname,
    User: flags.user,
    AttachStdin: attachStdin,
    AttachStdout: attachAll || flags.attach.includes("stdout"),
    AttachStderr: attachAll || flags.attach.includes("stderr"),
    ...(Object.keys(ports.exposed).length === 0 ? {} : { ExposedPorts: ports.exposed }),
    Tty: flags.tty,
    OpenStdin: flags.interactive,
    // A client that goes away then closes the container's input.
    StdinOnce: flags.interactive && attachStdin,
    Env: orNull(environment(input)),
    Cmd: orNull(command),
    ...(health === undefined ? {} : { Healthcheck: health }),
    Image: image,
    Volumes: volumes ?? {},
    WorkingDir: flags.workdir,
    Entrypoint: flags.entrypoint !== "" ? [flags.entrypoint] : changed("entrypoint") ? [""] : null,
    OnBuild: null,
    Labels: labels(flags),
    ...(changed("stop-signal") ? { StopSignal: flags["stop-signal"] } : {}),
    ...(changed("stop-timeout") ? { StopTimeout: flags["stop-timeout"] } : {}),
  };
}

function environment({ flags, extraEnv }: CreateInput): string[] {
  const files = flags["env-file"].flatMap((path) => readKeyValueFile(path, (name) => process.env[name]));
  return [...files, ...flags.env, ...extraEnv];
}

function labels(flags: ContainerFlags): Record<string, string> {
  const files = flags["label-file"].flatMap((path) => readKeyValueFile(path, () => undefined));
  return pairs([...files, ...flags.label]);
}

function pairs(texts: readonly string[]): Record<string, string> {
  const result: Record<string, string> = {};
  for (const text of texts) {
    const [name, value] = cut(text, "=");
    result[name] = value ?? "";
  }
  return result;
}

function healthcheck(flags: ContainerFlags): HealthConfig | undefined {
  const times = {
    Interval: flags["health-interval"],
    Timeout: flags["health-timeout"],
    StartPeriod: flags["health-start-period"],
    StartInterval: flags["health-start-interval"],
    Retries: flags["health-retries"],
  };
  const given = Object.entries(times).filter(([, value]) => value !== 0);
  const probe = flags["health-cmd"];
  const action = oneOf(
    flags["health-on-failure"],
    ["", "none", "kill", "restart", "stop"],
    "--health-on-failure must be none, kill, restart or stop",
  ) as NonNullable<HealthConfig["OnFailure"]> | "";
  if (flags["no-healthcheck"]) {
    if (probe !== "" || given.length > 0 || action !== "")
      throw new CliError("--no-healthcheck conflicts with --health-* options");
    return { Test: ["NONE"] };
  }
  if (probe === "" && given.length === 0 && action === "") return undefined;
  const negative = given.find(([, value]) => value < 0)?.[0];
  if (negative !== undefined) {
    const name = negative.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
    throw new CliError(`--health-${name} cannot be negative`);
  }
  return {
    ...(probe === "" ? {} : { Test: ["CMD-SHELL", probe] }),
    ...Object.fromEntries(given),
    ...(action === "" ? {} : { OnFailure: action }),
  };
}

function buildHostConfig({ flags, changed }: CreateInput, ports: Ports, binds: readonly string[]): HostConfig {
  const security = parseSecurityOptions(flags["security-opt"]);
  const storage = storageOptions(flags["storage-opt"]);
  const annotations = Object.fromEntries(flags.annotation);
  const sysctls = Object.fromEntries(flags.sysctl);
  const tmpfs = Object.fromEntries(
    flags.tmpfs.map((text) => cut(text, ":")).map(([path, options]) => [path, options ?? ""]),
  );
  const filled = <T extends object>(name: string, value: T) =>
    Object.keys(value).length === 0 ? {} : { [name]: value };
  return {
    Binds: orNull(binds),
    ContainerIDFile: flags.cidfile,
    LogConfig: logConfig(flags),
    NetworkMode: networksOf(flags)[0]?.target ?? "default",
    PortBindings: ports.bindings,
    RestartPolicy: restartPolicy(flags.restart),
    AutoRemove: flags.rm,
    VolumeDriver: flags["volume-driver"],
    VolumesFrom: orNull(flags["volumes-from"]),
    ConsoleSize: [0, 0],
    ...filled("Annotations", annotations),
    CapAdd: orNull(capabilities(flags["cap-add"])),
    CapDrop: orNull(capabilities(flags["cap-drop"])),
    CgroupnsMode: oneOf(flags.cgroupns, ["", "private", "host"], "--cgroupns: invalid CGROUP mode") as
      | ""
      | "private"
      | "host",
    Dns: [...flags.dns],
    DnsOptions: [...flags["dns-opt"], ...flags["dns-option"]],
    DnsSearch: [...flags["dns-search"]],
    ExtraHosts: orNull(flags["add-host"]),
    GroupAdd: orNull(flags["group-add"]),
    IpcMode: flags.ipc,
    Cgroup: "",
    Links: orNull(flags.link),
    OomScoreAdj: flags["oom-score-adj"],
    PidMode: namespaceMode(flags.pid, "--pid: invalid PID mode"),
    Privileged: flags.privileged,
    PublishAllPorts: flags["publish-all"],
    ReadonlyRootfs: flags["read-only"],
    SecurityOpt: orNull(security.options),
    ...filled("StorageOpt", storage),
    ...filled("Tmpfs", tmpfs),
    UTSMode: oneOf(flags.uts, ["", "host"], "--uts: invalid UTS mode"),
    UsernsMode: oneOf(flags.userns, ["", "host"], "--userns: invalid USER mode"),
    ShmSize: flags["shm-size"],
    ...filled("Sysctls", sysctls),
    ...(flags.runtime === "" ? {} : { Runtime: flags.runtime }),
    Isolation: "",
    ...resources(flags),
    ...(flags.mount.length === 0 ? {} : { Mounts: [...flags.mount] }),
    MaskedPaths: security.maskedPaths ?? null,
    ReadonlyPaths: security.readonlyPaths ?? null,
    ...(changed("init") ? { Init: flags.init } : {}),
  };
}

function resources(flags: ContainerFlags): Resources {
  const devices = parseDevices(flags.device);
  const requests = [...flags.gpus, ...(devices.cdi === undefined ? [] : [devices.cdi])];
  return {
    CpuShares: flags["cpu-shares"],
    Memory: flags.memory,
    NanoCpus: flags.cpus,
    CgroupParent: flags["cgroup-parent"],
    BlkioWeight: flags["blkio-weight"],
    BlkioWeightDevice: [...flags["blkio-weight-device"]],
    BlkioDeviceReadBps: [...flags["device-read-bps"]],
    BlkioDeviceWriteBps: [...flags["device-write-bps"]],
    BlkioDeviceReadIOps: [...flags["device-read-iops"]],
    BlkioDeviceWriteIOps: [...flags["device-write-iops"]],
    CpuPeriod: flags["cpu-period"],
    CpuQuota: flags["cpu-quota"],
    CpuRealtimePeriod: flags["cpu-rt-period"],
    CpuRealtimeRuntime: flags["cpu-rt-runtime"],
    CpusetCpus: flags["cpuset-cpus"],
    CpusetMems: flags["cpuset-mems"],
    Devices: devices.mappings,
    DeviceCgroupRules: orNull(flags["device-cgroup-rule"]),
    DeviceRequests: orNull(requests),
    MemoryReservation: flags["memory-reservation"],
    MemorySwap: flags["memory-swap"],
    MemorySwappiness: flags["memory-swappiness"],
    OomKillDisable: flags["oom-kill-disable"],
    PidsLimit: flags["pids-limit"],
    Ulimits: byName(flags.ulimit),
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  };
}

/** The last one of each name wins, in the order of the names. */
function byName<T extends { Name: string }>(values: readonly T[]): T[] {
  const last = new Map(values.map((value) => [value.Name, value]));
  return [...last.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

function oneOf(value: string, allowed: readonly string[], otherwise: string): string {
  if (!allowed.includes(value)) throw new CliError(otherwise);
  return value;
}

function namespaceMode(value: string, otherwise: string): string {
  if (["", "host", "private"].includes(value) || /^container:.+/.test(value)) return value;
  throw new CliError(otherwise);
}

/** "on-failure:3" as the API has it. */
export function restartPolicy(text: string): NonNullable<HostConfig["RestartPolicy"]> {
  if (text === "") return { Name: "", MaximumRetryCount: 0 };
  const [name, count] = cut(text, ":");
  if (name === "") throw new CliError("invalid restart policy format: no policy provided before colon");
  if (count !== undefined && !/^[+-]?\d{1,15}$/.test(count))
    throw new CliError("invalid restart policy format: maximum retry count must be an integer");
  return { Name: name as "no", MaximumRetryCount: Number(count ?? 0) };
}

function logConfig(flags: ContainerFlags): NonNullable<HostConfig["LogConfig"]> {
  const options = pairs(flags["log-opt"]);
  if (flags["log-driver"] === "none" && flags["log-opt"].length > 0)
    throw new CliError("invalid logging opts for driver none");
  return { Type: flags["log-driver"], Config: options };
}

function storageOptions(values: readonly string[]): Record<string, string> {
  for (const value of values) if (!value.includes("=")) throw new CliError("invalid storage option");
  return pairs(values);
}

/** Names of capabilities in the API's form: CAP_NET_ADMIN, ALL; each once. */
function capabilities(names: readonly string[]): string[] {
  const normal = names.map((name) => name.trim().toUpperCase());
  return [...new Set(normal.map((name) => (name === "ALL" || name.startsWith("CAP_") ? name : `CAP_${name}`)))];
}
