import { nilPointer } from "../../lib/template/index.ts";

type Json = Record<string, unknown>;

const CONFIG = {
  ExposedPorts: {},
  ArgsEscaped: false,
  Healthcheck: nilPointer,
  NetworkDisabled: false,
  StopSignal: "",
  StopTimeout: nilPointer,
  Shell: null,
};
const HOST_CONFIG = {
  Mounts: null,
  StorageOpt: {},
  Tmpfs: {},
  Sysctls: {},
  Runtime: "",
  Init: nilPointer,
  Annotations: {},
  KernelMemory: 0,
  KernelMemoryTCP: 0,
};

const section = (value: unknown, defaults: Json): Json => ({ ...defaults, ...(value as Json | undefined) });

/** Adds what JSON leaves out where it is empty, so that a template may ask for it as it can with Docker's types. */
export function completeContainer(container: Json): Json {
  return {
    Node: nilPointer,
    SizeRw: nilPointer,
    SizeRootFs: nilPointer,
    ...container,
    State: section(container.State, { Health: nilPointer }),
    Config: section(container.Config, CONFIG),
    HostConfig: section(container.HostConfig, HOST_CONFIG),
  };
}

/** As completeContainer, for an image. */
export function completeImage(image: Json): Json {
  return { Variant: "", OsVersion: "", VirtualSize: 0, ...image, Config: section(image.Config, CONFIG) };
}
