import { posix } from "node:path";
import { invalid, notFound } from "../../../lib/index.ts";
import {
  adaptHostConfig,
  commandOf,
  type Machine,
  validateContainerConfig,
  validateHostConfig,
} from "../../../runtime/index.ts";
import type {
  ContainerConfig,
  ContainerCreateBody,
  HostConfig,
  LogConfig,
  NetworkingConfig,
} from "../../../spec/api/index.ts";
import { formatPlatform } from "../../../spec/index.ts";
import type { ImageRecord } from "../../../store/index.ts";
import type { ContainerRecord } from "../../../store/records/index.ts";
import { planLog } from "./log-config.ts";
import { mergeConfig } from "./merge-config.ts";
import type { MountRequest } from "./mount-request.ts";
import { planNetwork } from "./network-mode.ts";
import { type MountFacts, planMounts } from "./plan-mounts.ts";

/** What a plan needs to know beside the body and the image. */
export interface CreateFacts extends MountFacts {
  id: string;
  name: string;
  created: string;
  machine: Machine;
  runtimes: readonly string[];
  defaultRuntime: string;
  log: LogConfig;
  hostname: string;
  cgroupnsMode: "private" | "host";
  ipcMode: "private" | "shareable";
  shmSize: number;
  /** Full id of the container that a mode "container:REF" names. Throws "not-found". */
  idOf(ref: string): string;
  /** The user named a platform, and the image is of it. */
  platformAsked: boolean;
  /** A name for a volume that has none. */
  volumeName(): string;
}

export interface CreatePlan {
  record: ContainerRecord;
  /** Volumes that have to be there, made where they are not. */
  volumes: {
    name: string;
    anonymous: boolean;
    labels: Record<string, string> | null;
    options: Record<string, string> | null;
  }[];
  warnings: string[];
}

/**
 * Everything that a create decides, from what the user asked for, the image and the facts. Pure. Throws "invalid" and
 * "not-implemented" with Docker's texts where it has them.
 */
export function planCreate(body: ContainerCreateBody, image: ImageRecord, facts: CreateFacts): CreatePlan {
  const { HostConfig: askedHost, NetworkingConfig: networking, ...asked } = body;
  const config = mergeConfig(asked, image.config.config);
  const [path = "", ...args] = commandOf(config);
  validateContainerConfig(config);
  const { hostConfig, networkingConfig, warnings } = planHostConfig(asked, askedHost ?? {}, networking ?? {}, facts);
  const requests = planMounts(config, hostConfig, facts);
  const named = requests.map((mount) => (mount.volume === "" ? { ...mount, volume: facts.volumeName() } : mount));
  const anonymous = named.filter((_, index) => requests[index]?.volume === "").map((mount) => mount.volume ?? "");
  warnings.push(...checkPlatform(image, facts));
  return {
    warnings,
    volumes: named.filter((mount) => mount.volume !== undefined).map((mount) => volumeOf(mount, anonymous)),
    record: {
      schema: 1,
      id: facts.id,
      name: facts.name,
      created: facts.created,
      imageId: image.id,
      imageRef: body.Image ?? "",
      platform: image.config.os || "linux",
      chainIds: image.layers.map((layer) => layer.chainId),
      config: finishConfig(config, hostConfig, facts),
      hostConfig,
      networkingConfig,
      path,
      args,
      mounts: named.map(({ volumeLabels: _labels, volumeOptions: _options, ...mount }) => mount),
      anonymousVolumes: anonymous,
    },
  };
}

/** Throws "invalid" for another operating system's image; another architecture's may run by emulation, and is warned of. */
function checkPlatform({ config }: ImageRecord, { machine, platformAsked }: CreateFacts): string[] {
  const { os, architecture, variant } = config;
  if (os !== "" && os !== "linux") {
    throw invalid(
      `image operating system ${JSON.stringify(os)} cannot be used on this platform: operating system is not supported`,
    );
  }
  if (platformAsked || architecture === "" || architecture === machine.architecture) return [];
  const wanted = formatPlatform({ os: "linux", architecture, ...(variant ? { variant } : {}) });
  return [
    `The requested image's platform (${wanted}) does not match the detected host platform (linux/${machine.architecture}) and no specific platform was requested`,
  ];
}

function volumeOf(mount: MountRequest, anonymous: readonly string[]): CreatePlan["volumes"][number] {
  const { volume: name = "", volumeLabels: labels, volumeOptions: options } = mount;
  return { name, anonymous: anonymous.includes(name), labels: labels ?? null, options: options ?? null };
}

function finishConfig(config: ContainerConfig, hostConfig: HostConfig, facts: CreateFacts): ContainerConfig {
  const ownHostname =
    hostConfig.NetworkMode === "host" || hostConfig.UTSMode === "host" ? facts.hostname : facts.id.slice(0, 12);
  const { ExposedPorts: _ports, ...rest } = config;
  return {
    ...empty,
    ...rest,
    Hostname: config.Hostname || ownHostname,
    WorkingDir: config.WorkingDir ? posix.normalize(config.WorkingDir) : "",
    ...(config.ExposedPorts && Object.keys(config.ExposedPorts).length > 0
      ? { ExposedPorts: config.ExposedPorts }
      : {}),
  };
}

/** What inspect shows of a configuration that says nothing, in Docker's order. */
const empty: ContainerConfig = {
  Hostname: "",
  Domainname: "",
  User: "",
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: "",
  Volumes: null,
  WorkingDir: "",
  Entrypoint: null,
  OnBuild: null,
  Labels: {},
};

function planHostConfig(
  asked: ContainerConfig,
  askedHost: HostConfig,
  networking: NetworkingConfig,
  facts: CreateFacts,
): { hostConfig: HostConfig; networkingConfig: NetworkingConfig; warnings: string[] } {
  const { machine, cgroupnsMode, ipcMode, shmSize } = facts;
  const adapted = adaptHostConfig(askedHost, { machine, cgroupnsMode, ipcMode, shmSize });
  const { hostConfig, warnings } = validateHostConfig(adapted, machine, asked);
  const runtime = hostConfig.Runtime || facts.defaultRuntime;
  if (!facts.runtimes.includes(runtime)) throw invalid(`unknown or invalid runtime name: ${runtime}`);
  const driver = hostConfig.VolumeDriver ?? "";
  if (driver !== "" && driver !== "local") {
    throw notFound(`error looking up volume plugin ${driver}: plugin "${driver}" not found`);
  }
  const network = planNetwork(asked, hostConfig, networking);
  const log = planLog(askedHost.LogConfig, facts.log);
  return {
    warnings,
    networkingConfig: network.networking,
    hostConfig: {
      ...hostConfig,
      Runtime: runtime,
      NetworkMode: networkMode(network.mode, facts),
      IpcMode: withId(hostConfig.IpcMode ?? "", facts),
      PidMode: withId(hostConfig.PidMode ?? "", facts),
      LogConfig: { Type: log.type, Config: log.config },
    },
  };
}

/** Docker looks for the container of --network container:x only when it starts. */
function networkMode(mode: string, facts: CreateFacts): string {
  try {
    return withId(mode, facts);
  } catch {
    return mode;
  }
}

/** A container is remembered by its id: its name may change. */
function withId(mode: string, facts: CreateFacts): string {
  return mode.startsWith("container:") ? `container:${facts.idOf(mode.slice("container:".length))}` : mode;
}
