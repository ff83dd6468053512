import type { ContainerInspect, ContainerState } from "../../spec/api/index.ts";
import { type HealthRecord, mountPointOf } from "../../store/records/index.ts";
import type { Container } from "./container.ts";
import { statusOf } from "./container-filters.ts";
import type { ContainersContext } from "./context.ts";
import { sizesOf } from "./list-containers.ts";
import { networkSettingsOf } from "./network-settings.ts";
import { etcFile } from "./start/etc-files.ts";
import { hostnameOf, logFileOf, rootfsOf } from "./start/launch.ts";

/** GET /containers/{id}/json. From memory, except for sizes. */
export async function inspectContainer(
  context: ContainersContext,
  container: Container,
  { size }: { size: boolean },
): Promise<ContainerInspect> {
  const sizes = size ? await sizesOf(context, container) : undefined;
  const { record, id } = container;
  const rootfs = rootfsOf(context, id);
  return {
    Id: id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: stateOf(container),
    Image: record.imageId,
    ResolvConfPath: etcFile(context, container, "resolv.conf"),
    HostnamePath: etcFile(context, container, "hostname"),
    HostsPath: etcFile(context, container, "hosts"),
    LogPath: logFileOf(context, container)?.path ?? "",
    Name: `/${record.name}`,
    RestartCount: container.state.restartCount,
    Driver: "overlay2",
    Platform: record.platform,
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: container.execs.size === 0 ? null : [...container.execs],
    HostConfig: record.hostConfig,
    GraphDriver: {
      Name: "overlay2",
      Data: context.snapshots.graphData(context.records.folder(id), record.chainIds, rootfs),
    },
    ...(sizes === undefined ? {} : { SizeRw: sizes.SizeRw ?? 0, SizeRootFs: sizes.SizeRootFs ?? 0 }),
    Mounts: record.mounts
      .filter((mount) => mount.listed)
      .map((mount) => mountPointOf(mount, (name) => context.volumes.dataPath(name))),
    Config: { ...record.config, Hostname: hostnameOf(context, container) },
    NetworkSettings: networkSettingsOf(context, container),
  };
}

function stateOf(container: Container): ContainerState {
  const { state, run } = container;
  const running = state.status === "running" || state.status === "paused" || state.status === "restarting";
  return {
    Status: statusOf(container),
    Running: running,
    Paused: state.status === "paused",
    Restarting: state.status === "restarting",
    OOMKilled: state.oomKilled,
    Dead: state.status === "dead",
    Pid: running ? (run?.handle.pid ?? 0) : 0,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health === undefined ? {} : { Health: healthOf(state.health) }),
  };
}

const healthOf = ({ status, failingStreak, log }: HealthRecord): NonNullable<ContainerState["Health"]> => ({
  Status: status,
  FailingStreak: failingStreak,
  Log: log,
});
