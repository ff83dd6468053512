import {
  type Fields,
  flag,
  ignored,
  int,
  listOf,
  listOrOne,
  mapOf,
  refused,
  type Shape,
  struct,
  text,
  uint,
  uint16,
  uint32,
} from "./shape.ts";

/** The JSON bodies of the Engine API 1.51, member by member: what is honoured, and what is refused and why. */

const texts = listOf(text);
const textMap = mapOf(text);
const emptyObjects = mapOf(struct("struct {}", {}));
const windowsOnly = refused("it is for Windows containers only");

const healthcheck = struct("HealthConfig", {
  Test: texts,
  Interval: int,
  Timeout: int,
  StartPeriod: int,
  StartInterval: int,
  Retries: int,
  OnFailure: text,
});

const containerConfig: Fields = {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: emptyObjects,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: texts,
  Cmd: listOrOne(text),
  Healthcheck: healthcheck,
  ArgsEscaped: windowsOnly,
  Image: text,
  Volumes: emptyObjects,
  WorkingDir: text,
  Entrypoint: listOrOne(text),
  NetworkDisabled: flag,
  MacAddress: text,
  OnBuild: texts,
  Labels: textMap,
  StopSignal: text,
  StopTimeout: int,
  Shell: texts,
};

const throttle = listOf(struct("blkiodev.ThrottleDevice", { Path: text, Rate: uint }));

const resources: Fields = {
  CpuShares: int,
  Memory: int,
  NanoCpus: int,
  CgroupParent: text,
  BlkioWeight: uint16,
  BlkioWeightDevice: listOf(struct("blkiodev.WeightDevice", { Path: text, Weight: uint16 })),
  BlkioDeviceReadBps: throttle,
  BlkioDeviceWriteBps: throttle,
  BlkioDeviceReadIOps: throttle,
  BlkioDeviceWriteIOps: throttle,
  CpuPeriod: int,
  CpuQuota: int,
  CpuRealtimePeriod: int,
  CpuRealtimeRuntime: int,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: listOf(
    struct("container.DeviceMapping", { PathOnHost: text, PathInContainer: text, CgroupPermissions: text }),
  ),
  DeviceCgroupRules: texts,
  DeviceRequests: refused("devices are given by path: use Devices"),
  KernelMemory: refused("the kernel has no such limit since 5.4"),
  KernelMemoryTCP: int,
  MemoryReservation: int,
  MemorySwap: int,
  MemorySwappiness: int,
  OomKillDisable: flag,
  PidsLimit: int,
  Ulimits: listOf(struct("container.Ulimit", { Name: text, Soft: int, Hard: int })),
  CpuCount: windowsOnly,
  CpuPercent: windowsOnly,
  IOMaximumIOps: windowsOnly,
  IOMaximumBandwidth: windowsOnly,
};

const mount = struct("mount.Mount", {
  Type: text,
  Source: text,
  Target: text,
  ReadOnly: flag,
  Consistency: text,
  BindOptions: struct("mount.BindOptions", {
    Propagation: text,
    NonRecursive: flag,
    CreateMountpoint: flag,
    ReadOnlyNonRecursive: flag,
    ReadOnlyForceRecursive: flag,
  }),
  VolumeOptions: struct("mount.VolumeOptions", {
    NoCopy: flag,
    Labels: textMap,
    Subpath: text,
    DriverConfig: struct("mount.Driver", { Name: text, Options: textMap }),
  }),
  ImageOptions: struct("mount.ImageOptions", { Subpath: text }),
  TmpfsOptions: struct("mount.TmpfsOptions", { SizeBytes: int, Mode: uint32, Options: listOf(texts) }),
  ClusterOptions: refused("cluster volumes need a swarm"),
});

const restartPolicy = struct("container.RestartPolicy", { Name: text, MaximumRetryCount: int });

const portMap = mapOf(listOf(struct("nat.PortBinding", { HostIp: text, HostPort: text })));

const hostConfig: Fields = {
  ...resources,
  Binds: texts,
  ContainerIDFile: text,
  LogConfig: struct("container.LogConfig", { Type: text, Config: textMap }),
  NetworkMode: text,
  PortBindings: portMap,
  RestartPolicy: struct("container.RestartPolicy", { Name: text, MaximumRetryCount: int }),
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: texts,
  ConsoleSize: listOf(uint),
  Annotations: textMap,
  CapAdd: listOrOne(text),
  CapDrop: listOrOne(text),
  CgroupnsMode: text,
  Dns: texts,
  DnsOptions: texts,
  DnsSearch: texts,
  ExtraHosts: texts,
  GroupAdd: texts,
  IpcMode: text,
  Cgroup: text,
  Links: texts,
  OomScoreAdj: int,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: texts,
  StorageOpt: textMap,
  Tmpfs: textMap,
  UTSMode: text,
  UsernsMode: text,
  ShmSize: int,
  Sysctls: textMap,
  Runtime: text,
  Isolation: text,
  Mounts: listOf(mount),
  MaskedPaths: texts,
  ReadonlyPaths: texts,
  Init: flag,
};

const endpoint = struct("network.EndpointSettings", {
  IPAMConfig: struct("network.EndpointIPAMConfig", { IPv4Address: text, IPv6Address: text, LinkLocalIPs: texts }),
  Links: texts,
  Aliases: texts,
  MacAddress: text,
  DriverOpts: textMap,
  GwPriority: int,
  NetworkID: text,
  // what an inspect prints and clients send back: the engine chooses these
  EndpointID: ignored,
  Gateway: ignored,
  IPAddress: ignored,
  IPPrefixLen: ignored,
  IPv6Gateway: ignored,
  GlobalIPv6Address: ignored,
  GlobalIPv6PrefixLen: ignored,
  DNSNames: ignored,
});

/** POST /containers/create. */
export const containerCreate: Shape = struct("container.CreateRequest", {
  ...containerConfig,
  HostConfig: struct("container.HostConfig", hostConfig),
  NetworkingConfig: struct("network.NetworkingConfig", { EndpointsConfig: mapOf(endpoint) }),
  // dockerode sends its whole options object as the body; these two belong to the query
  name: ignored,
  platform: ignored,
});

/** POST /commit. */
export const commitConfig: Shape = struct("container.Config", containerConfig);

/** POST /containers/{id}/update. */
export const containerUpdate: Shape = struct("container.UpdateConfig", {
  ...resources,
  RestartPolicy: restartPolicy,
});

/** POST /containers/{id}/exec. */
export const execCreate: Shape = struct("container.ExecCreateRequest", {
  User: text,
  Privileged: flag,
  Tty: flag,
  ConsoleSize: listOf(uint),
  AttachStdin: flag,
  AttachStderr: flag,
  AttachStdout: flag,
  // a detached exec is asked for at its start; the docker CLI prints the member in both
  Detach: ignored,
  DetachKeys: text,
  Env: texts,
  WorkingDir: text,
  Cmd: listOrOne(text),
  // python3-docker names the container in the body, too
  Container: ignored,
});

/** POST /exec/{id}/start. dockerode sends its own options `hijack` and `stdin` along. */
export const execStart: Shape = struct("container.ExecStartOptions", {
  Detach: flag,
  Tty: flag,
  ConsoleSize: listOf(uint),
  hijack: ignored,
  stdin: ignored,
});

/** POST /volumes/{name}/clone. */
export const volumeClone: Shape = struct("volume.CloneOptions", { Name: text, Labels: textMap, Pause: flag });

/** POST /volumes/{name}/snapshots. */
export const volumeSnapshot: Shape = struct("volume.SnapshotOptions", { Name: text, Pause: flag });

/** POST /volumes/create. */
export const volumeCreate: Shape = struct("volume.CreateOptions", {
  Name: text,
  Driver: text,
  DriverOpts: textMap,
  Labels: textMap,
  ClusterVolumeSpec: refused("cluster volumes need a swarm"),
});

const ipam = struct("network.IPAM", {
  Driver: text,
  Options: textMap,
  Config: listOf(
    struct("network.IPAMConfig", {
      Subnet: text,
      IPRange: text,
      Gateway: text,
      AuxiliaryAddresses: textMap,
      AuxAddress: textMap,
    }),
  ),
});

/** POST /networks/create. */
export const networkCreate: Shape = struct("network.CreateRequest", {
  Name: text,
  // names are always unique here
  CheckDuplicate: ignored,
  Driver: text,
  Scope: text,
  EnableIPv4: flag,
  EnableIPv6: flag,
  IPAM: ipam,
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  ConfigOnly: flag,
  ConfigFrom: struct("network.ConfigReference", { Network: text }),
  Options: textMap,
  Labels: textMap,
});

/** POST /networks/{id}/connect. */
export const networkConnect: Shape = struct("network.ConnectOptions", { Container: text, EndpointConfig: endpoint });

/** POST /networks/{id}/disconnect. */
export const networkDisconnect: Shape = struct("network.DisconnectOptions", { Container: text, Force: flag });

/** POST /auth, and the X-Registry-Auth header. */
export const registryAuth: Shape = struct("registry.AuthConfig", {
  username: text,
  password: text,
  auth: text,
  email: text,
  serveraddress: text,
  identitytoken: text,
  registrytoken: text,
});
