import type { ContainerConfig, HealthConfig } from "../../../spec/api/index.ts";

/**
 * The user's configuration completed by the image's, by the rules of Docker's create: lists are joined by key, single
 * values count where the user gave none, and an entrypoint of the user's drops the image's command with its entrypoint.
 */
export function mergeConfig(user: ContainerConfig, image: ContainerConfig): ContainerConfig {
  const merged: ContainerConfig = {
    ...user,
    User: user.User || image.User || "",
    WorkingDir: user.WorkingDir || image.WorkingDir || "",
    ...commandOf(user, image),
    Env: mergeEnv(user.Env ?? null, image.Env ?? null),
    Labels: { ...image.Labels, ...user.Labels },
    ExposedPorts: joined(image.ExposedPorts, user.ExposedPorts),
    Volumes: joined(image.Volumes, user.Volumes),
  };
  const stopSignal = user.StopSignal || image.StopSignal;
  if (stopSignal) merged.StopSignal = stopSignal;
  const health = mergeHealth(user.Healthcheck, image.Healthcheck);
  if (health) merged.Healthcheck = health;
  else delete merged.Healthcheck;
  return merged;
}

function commandOf(user: ContainerConfig, image: ContainerConfig): Pick<ContainerConfig, "Entrypoint" | "Cmd"> {
  const ownEntrypoint = (user.Entrypoint?.length ?? 0) > 0;
  if (ownEntrypoint) {
    // `--entrypoint ""` arrives as [""]: it takes the image's entrypoint away.
    const reset = user.Entrypoint?.length === 1 && user.Entrypoint[0] === "";
    return { Entrypoint: reset ? null : (user.Entrypoint ?? null), Cmd: user.Cmd ?? null };
  }
  const cmd = (user.Cmd?.length ?? 0) > 0 ? user.Cmd : image.Cmd;
  return { Entrypoint: user.Entrypoint ?? image.Entrypoint ?? null, Cmd: cmd ?? null };
}

const keyOf = (entry: string): string => {
  const equals = entry.indexOf("=");
  return equals < 0 ? entry : entry.slice(0, equals);
};

/** The user's entries first, then those of the image whose key the user does not name. */
function mergeEnv(user: readonly string[] | null, image: readonly string[] | null): string[] | null {
  if (user === null) return image === null ? null : [...image];
  const own = new Set(user.map(keyOf));
  return [...user, ...(image ?? []).filter((entry) => !own.has(keyOf(entry)))];
}

function joined<T>(image: Record<string, T> | null | undefined, user: Record<string, T> | null | undefined) {
  const all = { ...image, ...user };
  return Object.keys(all).length === 0 ? null : all;
}

function mergeHealth(user: HealthConfig | null | undefined, image: HealthConfig | null | undefined) {
  if (!user || !image) return user ?? image ?? undefined;
  const merged: HealthConfig = { ...image };
  if ((user.Test?.length ?? 0) > 0 && user.Test) merged.Test = user.Test;
  for (const key of ["Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"] as const) {
    const value = user[key];
    if (value !== undefined && value !== 0) merged[key] = value;
  }
  if (user.OnFailure) merged.OnFailure = user.OnFailure;
  return merged;
}
