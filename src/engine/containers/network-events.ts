import { createHash } from "node:crypto";
import type { Container, Run } from "./container.ts";
import type { ContainersContext } from "./context.ts";
import { parseNetworkMode } from "./create/network-mode.ts";
import { volumeMounts } from "./volumes-of.ts";

/** The network that a container is joined to; undefined where it has another container's. */
export function networkOf(
  context: ContainersContext,
  container: Container,
): { name: string; id: string; type: string } | undefined {
  const { kind } = parseNetworkMode(container.record.hostConfig.NetworkMode ?? "");
  if (kind === "container") return undefined;
  return { name: kind, id: context.settings.networkIds[kind], type: kind === "none" ? "null" : "host" };
}

/** Ids of the networks that are always there: the same whenever an engine has this data root. */
export function networkIds(dataRoot: string): ContainersContext["settings"]["networkIds"] {
  const idOf = (name: string) => createHash("sha256").update(`${dataRoot}\0network ${name}`).digest("hex");
  return { none: idOf("none"), host: idOf("host") };
}

/** Events of a start beside its own: it is joined to its network and has its volumes mounted, in Docker's order. */
export function emitJoined(context: ContainersContext, container: Container): void {
  const network = networkOf(context, container);
  if (network) emitNetwork(context, container, "connect", network);
  for (const { volume, destination, propagation, readWrite } of volumeMounts(container)) {
    context.bus.emit("volume", "mount", volume, {
      container: container.id,
      destination,
      driver: "local",
      propagation,
      "read/write": String(readWrite),
    });
  }
}

/** The same at the end of a run. */
export function emitLeft(context: ContainersContext, container: Container, run: Pick<Run, "volumes">): void {
  const network = networkOf(context, container);
  if (network) emitNetwork(context, container, "disconnect", network);
  for (const volume of run.volumes) {
    context.bus.emit("volume", "unmount", volume, { container: container.id, driver: "local" });
  }
}

function emitNetwork(
  context: ContainersContext,
  container: Container,
  action: string,
  { id, name, type }: { id: string; name: string; type: string },
): void {
  context.bus.emit("network", action, id, { container: container.id, name, type });
}
