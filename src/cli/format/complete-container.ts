type Json = Record<string, unknown>;

const CONFIG = {
  ExposedPorts: {},
  ArgsEscaped: false,
  Healthcheck: null,
  NetworkDisabled: false,
  StopSignal: "",
  StopTimeout: null,
  Shell: null,
};
const HOST_CONFIG = {
  Mounts: null,
  StorageOpt: {},
  Tmpfs: {},
  Sysctls: {},
  Runtime: "",
  Init: null,
  Annotations: {},
  KernelMemory: 0,
  KernelMemoryTCP: 0,
};

const section = (value: unknown, defaults: Json): Json => ({ ...defaults, ...(value as Json | undefined) });

/** Adds what JSON leaves out where it is empty, so that a template may ask for it as it can with Docker's types. */
export function completeContainer(container: Json): Json {
  return {
    Node: null,
    SizeRw: null,
    SizeRootFs: null,
    ...container,
    State: section(container.State, { Health: null }),
    Config: section(container.Config, CONFIG),
    HostConfig: section(container.HostConfig, HOST_CONFIG),
  };
}

/** As completeContainer, for an image. */
export function completeImage(image: Json): Json {
  return { Variant: "", OsVersion: "", VirtualSize: 0, ...image, Config: section(image.Config, CONFIG) };
}
