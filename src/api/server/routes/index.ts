/** The route table, a file for each family of endpoints. The order matters only where two patterns overlap. */
import type { Route } from "../route.ts";
import { attachRoutes } from "./attach.ts";
import { buildRoutes } from "./build.ts";
import { containerFileRoutes } from "./container-files.ts";
import { containerRoutes } from "./containers.ts";
import { eventRoutes } from "./events.ts";
import { execRoutes } from "./execs.ts";
import { imageTransferRoutes } from "./image-transfer.ts";
import { imageRoutes } from "./images.ts";
import { networkRoutes } from "./networks.ts";
import { systemRoutes } from "./system.ts";
import { unbuiltRoutes } from "./unbuilt.ts";
import { vitalRoutes } from "./vitals.ts";
import { volumeRoutes } from "./volumes.ts";
import { waitRoutes } from "./wait.ts";

/** Every endpoint that is answered with something else than 404. */
export const routes: readonly Route[] = [
  ...systemRoutes,
  ...containerRoutes,
  ...containerFileRoutes,
  ...waitRoutes,
  ...vitalRoutes,
  ...attachRoutes,
  ...execRoutes,
  ...imageTransferRoutes,
  ...imageRoutes,
  ...volumeRoutes,
  ...eventRoutes,
  ...networkRoutes,
  ...buildRoutes,
  ...unbuiltRoutes,
];
