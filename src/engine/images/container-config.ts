import type { ContainerConfig } from "../../spec/api/index.ts";

/** A container config as Go prints it: what is always there, then what the changes have set. */
export function containerConfig(config: ContainerConfig): ContainerConfig {
  const { ExposedPorts, Healthcheck, StopSignal } = config;
  return {
    Hostname: "",
    Domainname: "",
    User: config.User ?? "",
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ...(ExposedPorts ? { ExposedPorts } : {}),
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    ...(Healthcheck ? { Healthcheck } : {}),
    Image: "",
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? "",
    Entrypoint: config.Entrypoint ?? null,
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? null,
    ...(StopSignal ? { StopSignal } : {}),
  };
}
