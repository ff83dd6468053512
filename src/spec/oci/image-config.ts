import { invalid } from "../../lib/index.ts";
import type { ContainerConfig, HealthConfig } from "../api/index.ts";
import type { Digest } from "../digest.ts";
import { asDigest } from "./descriptor.ts";
import {
  asBoolean,
  asInteger,
  asObject,
  asString,
  compact,
  documentLimit,
  listOf,
  mapOf,
  optional,
  parseObject,
  required,
} from "./document.ts";

/** One step of an image's making. Times are RFC 3339 text, as the document has them. */
export interface ImageHistory {
  created?: string;
  created_by?: string;
  author?: string;
  comment?: string;
  /** A step that changed no file has no layer. */
  empty_layer?: boolean;
}

/** What an image says of itself: the document whose digest is the image's id. */
export interface ImageConfig {
  created?: string;
  author?: string;
  architecture: string;
  os: string;
  variant?: string;
  "os.version"?: string;
  /** Defaults for containers, in the Engine API's spelling. */
  config: ContainerConfig;
  rootfs: { type: "layers"; diff_ids: Digest[] };
  history: ImageHistory[];
  comment?: string;
  docker_version?: string;
}

const listLimit = 10_000;
const strings = listOf(asString, listLimit);

/**
 * Reads an image config. Every member that Berth uses has been checked for its type; unknown ones are left out.
 * Throws "invalid". Values are data from outside: they can hold control characters and anything else.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const at = "image config";
  const object = parseObject(bytes, at, documentLimit);
  return compact({
    created: optional(object, "created", at, asString),
    author: optional(object, "author", at, asString),
    architecture: optional(object, "architecture", at, asString) ?? "",
    os: optional(object, "os", at, asString) ?? "",
    variant: optional(object, "variant", at, asString),
    "os.version": optional(object, "os.version", at, asString),
    config: optional(object, "config", at, asContainerConfig) ?? {},
    rootfs: required(object, "rootfs", at, asRootfs),
    history: optional(object, "history", at, listOf(asHistory, listLimit)) ?? [],
    comment: optional(object, "comment", at, asString),
    docker_version: optional(object, "docker_version", at, asString),
  });
}

function asRootfs(value: unknown, at: string): ImageConfig["rootfs"] {
  const object = asObject(value, at);
  const type = optional(object, "type", at, asString) ?? "layers";
  if (type !== "layers") throw invalid(`${at}.type is ${JSON.stringify(type.slice(0, 100))}, not "layers"`);
  return { type, diff_ids: optional(object, "diff_ids", at, listOf(asDigest, 1000)) ?? [] };
}

function asHistory(value: unknown, at: string): ImageHistory {
  const object = asObject(value, at);
  return compact({
    created: optional(object, "created", at, asString),
    created_by: optional(object, "created_by", at, asString),
    author: optional(object, "author", at, asString),
    comment: optional(object, "comment", at, asString),
    empty_layer: optional(object, "empty_layer", at, asBoolean),
  });
}

const emptyObject = (value: unknown, at: string): Record<string, never> => {
  asObject(value, at);
  return {};
};

function asContainerConfig(value: unknown, at: string): ContainerConfig {
  const object = asObject(value, at);
  const text = (key: string) => optional(object, key, at, asString);
  const flag = (key: string) => optional(object, key, at, asBoolean);
  const list = (key: string) => optional(object, key, at, strings);
  const set = (key: string) => optional(object, key, at, mapOf(emptyObject, listLimit));
  return compact({
    Hostname: text("Hostname"),
    Domainname: text("Domainname"),
    User: text("User"),
    AttachStdin: flag("AttachStdin"),
    AttachStdout: flag("AttachStdout"),
    AttachStderr: flag("AttachStderr"),
    ExposedPorts: set("ExposedPorts"),
    Tty: flag("Tty"),
    OpenStdin: flag("OpenStdin"),
    StdinOnce: flag("StdinOnce"),
    Env: list("Env"),
    // Images of Docker's earliest years hold Cmd and Entrypoint as one string.
    Cmd: optional(object, "Cmd", at, asArguments),
    Healthcheck: optional(object, "Healthcheck", at, asHealth),
    ArgsEscaped: flag("ArgsEscaped"),
    Image: text("Image"),
    Volumes: set("Volumes"),
    WorkingDir: text("WorkingDir"),
    Entrypoint: optional(object, "Entrypoint", at, asArguments),
    OnBuild: list("OnBuild"),
    Labels: optional(object, "Labels", at, mapOf(asString, listLimit)),
    StopSignal: text("StopSignal"),
    StopTimeout: optional(object, "StopTimeout", at, asInteger),
    Shell: list("Shell"),
  });
}

function asArguments(value: unknown, at: string): string[] {
  return typeof value === "string" ? [value] : strings(value, at);
}

function asHealth(value: unknown, at: string): HealthConfig {
  const object = asObject(value, at);
  const integer = (key: string) => optional(object, key, at, asInteger);
  return compact({
    Test: optional(object, "Test", at, strings),
    Interval: integer("Interval"),
    Timeout: integer("Timeout"),
    StartPeriod: integer("StartPeriod"),
    StartInterval: integer("StartInterval"),
    Retries: integer("Retries"),
  });
}
