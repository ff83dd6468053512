import { dirname } from "node:path";
import type { ContainerConfig, ImageInspect } from "../../spec/api/index.ts";
import { familiar } from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import type { ImagesDeps } from "./images-context.ts";
import { resolveImage } from "./resolve-image.ts";

const neverTagged = "0001-01-01T00:00:00Z";

/** What Docker's image inspect tells, in API 1.51's form: the config has only what images can set. */
export function inspectImage(deps: ImagesDeps, ref: string, platform?: string): ImageInspect {
  const record = resolveImage(deps.store, ref, platform);
  const { config } = record;
  const names = deps.store.references.of(record.id);
  return {
    Id: record.id,
    RepoTags: names.filter(({ digest }) => digest === undefined).map(familiar),
    RepoDigests: names.filter(({ digest }) => digest !== undefined).map(familiar),
    Parent: record.parent ?? "",
    Comment: config.comment ?? config.history.at(-1)?.comment ?? "",
    Created: record.created,
    DockerVersion: config.docker_version ?? "",
    Author: config.author ?? "",
    Config: imageConfig(config.config),
    Architecture: config.architecture,
    ...(config.variant ? { Variant: config.variant } : {}),
    Os: config.os || "linux",
    ...(config["os.version"] ? { OsVersion: config["os.version"] } : {}),
    Size: record.size,
    GraphDriver: { Data: driverData(deps, record), Name: "overlay2" },
    RootFS: { Type: "layers", Layers: record.layers.map(({ diffId }) => diffId) },
    Metadata: { LastTagTime: record.lastTagTime ?? neverTagged },
  };
}

/** The config without what only a container has, and without what says nothing. */
function imageConfig(config: ContainerConfig): ContainerConfig {
  const {
    User,
    ExposedPorts,
    Env,
    Entrypoint,
    Cmd,
    Volumes,
    WorkingDir,
    Labels,
    StopSignal,
    ArgsEscaped,
    Healthcheck,
    OnBuild,
    StopTimeout,
    Shell,
  } = config;
  const fields = {
    User,
    ExposedPorts,
    Env,
    Entrypoint,
    Cmd,
    Volumes,
    WorkingDir,
    Labels,
    StopSignal,
    ArgsEscaped,
    Healthcheck,
    OnBuild,
    StopTimeout,
    Shell,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => saysSomething(value)));
}

function saysSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return false;
  return !(typeof value === "object" && Object.keys(value).length === 0);
}

/** Where the layers are, in the overlay2 driver's words: the top one and those below it. */
function driverData({ layers }: ImagesDeps, record: ImageRecord): Record<string, string> | null {
  const paths = record.layers.map(({ chainId }) => layers.get(chainId)?.path).filter((path) => path !== undefined);
  const [top, ...below] = paths.reverse();
  if (top === undefined) return null;
  return {
    ...(below.length === 0 ? {} : { LowerDir: below.join(":") }),
    MergedDir: `${dirname(top)}/merged`,
    UpperDir: top,
    WorkDir: `${dirname(top)}/work`,
  };
}
