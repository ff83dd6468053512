import type { ContainersContext } from "../containers/context.ts";
import type { Builds, Images, Volumes } from "../engine.ts";
import type { EngineConfig, ReloadableEngineConfig } from "../engine-config.ts";
import type { Host } from "../host.ts";

/** What the System service looks at. */
export interface SystemParts {
  config: EngineConfig;
  current(): ReloadableEngineConfig;
  host: Host;
  context: ContainersContext;
  images: Images & { layersSize(): number };
  volumes: Volumes;
  builds: Pick<Builds, "cache">;
}
