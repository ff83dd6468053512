import type { ContainerConfig, ContainerCreateBody, HostConfig } from "../../../spec/api/index.ts";
import type { ContainerRecord } from "../../../store/records/index.ts";

/**
 * The body that makes a container again: what the user asked for then, with what `change` asks for now. What the
 * container has from its image is left out, so that another image brings its own. In `change` a list of variables,
 * labels, ports or mounts adds to those that are there, by name or place; anything else replaces. Pure.
 */
export function recreateBody(
  record: ContainerRecord,
  image: ContainerConfig,
  change: ContainerCreateBody,
): ContainerCreateBody {
  const { HostConfig: host, NetworkingConfig: networking, ...config } = change;
  const moves = host?.NetworkMode !== undefined || networking !== undefined;
  const own = ownConfig(record, image);
  if ((config.Entrypoint?.length ?? 0) > 0) delete own.Cmd;
  return {
    ...mergeConfigs(own, config),
    Image: config.Image || record.imageRef,
    HostConfig: mergeHostConfigs(record.hostConfig, host ?? {}),
    NetworkingConfig: moves ? (networking ?? {}) : record.networkingConfig,
  };
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

function ownConfig({ config, id }: ContainerRecord, image: ContainerConfig): ContainerConfig {
  const own: ContainerConfig = { ...config };
  own.Env = (config.Env ?? []).filter((entry) => !image.Env?.includes(entry));
  own.Labels = without(config.Labels, (name, value) => image.Labels?.[name] === value);
  own.ExposedPorts = without(config.ExposedPorts, (port) => image.ExposedPorts?.[port] !== undefined);
  own.Volumes = without(config.Volumes, (path) => image.Volumes?.[path] !== undefined);
  for (const key of ["User", "WorkingDir", "StopSignal", "Healthcheck"] as const)
    if (same(config[key], image[key])) delete own[key];
  if (!same(config.Entrypoint, image.Entrypoint)) own.Entrypoint = config.Entrypoint ?? [""];
  else {
    delete own.Entrypoint;
    if (same(config.Cmd, image.Cmd)) delete own.Cmd;
  }
  if (config.Hostname === id.slice(0, 12)) delete own.Hostname;
  return own;
}

function without<T>(map: Record<string, T> | null | undefined, drop: (key: string, value: T) => boolean) {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key, value]) => !drop(key, value)));
}

/** Only what is given. */
const given = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null)) as Partial<T>;

function mergeConfigs(own: ContainerConfig, change: ContainerConfig): ContainerConfig {
  const names = new Set((change.Env ?? []).map((entry) => entry.split("=", 1)[0]));
  return {
    ...own,
    ...given(change),
    Env: [...(own.Env ?? []).filter((entry) => !names.has(entry.split("=", 1)[0])), ...(change.Env ?? [])],
    Labels: { ...own.Labels, ...change.Labels },
    ExposedPorts: { ...own.ExposedPorts, ...change.ExposedPorts },
    Volumes: { ...own.Volumes, ...change.Volumes },
  };
}

const MAPS = ["PortBindings", "Sysctls", "Annotations", "StorageOpt", "Tmpfs"] as const;

function mergeHostConfigs(old: HostConfig, change: HostConfig): HostConfig {
  const merged: HostConfig = { ...old, ...given(change) };
  for (const name of MAPS) if (change[name]) Object.assign(merged, { [name]: { ...old[name], ...change[name] } });
  delete merged.ContainerIDFile;
  // Limits that were derived from the one that changes, or that exclude it.
  if (change.Memory && !change.MemorySwap) delete merged.MemorySwap;
  if (change.NanoCpus) for (const name of ["CpuPeriod", "CpuQuota"] as const) delete merged[name];
  if (change.CpuPeriod || change.CpuQuota) delete merged.NanoCpus;
  return { ...merged, ...mergeMounts(old, change) };
}

/** A mount of the change takes the place of whatever was at its destination. */
function mergeMounts(old: HostConfig, change: HostConfig): Pick<HostConfig, "Binds" | "Mounts" | "Tmpfs"> {
  const taken = new Set([
    ...(change.Binds ?? []).map(targetOf),
    ...(change.Mounts ?? []).map(({ Target }) => plain(Target ?? "")),
    ...Object.keys(change.Tmpfs ?? {}).map(plain),
  ]);
  return {
    Binds: [...(old.Binds ?? []).filter((bind) => !taken.has(targetOf(bind))), ...(change.Binds ?? [])],
    Mounts: [...(old.Mounts ?? []).filter(({ Target }) => !taken.has(plain(Target ?? ""))), ...(change.Mounts ?? [])],
    Tmpfs: { ...without(old.Tmpfs, (path) => taken.has(plain(path))), ...change.Tmpfs },
  };
}

const plain = (path: string): string => path.replace(/\/+$/, "") || "/";
const targetOf = (bind: string): string => plain(bind.split(":")[1] ?? "");
