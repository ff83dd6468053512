import type { Container, Run } from "./container.ts";
import type { ContainersContext } from "./context.ts";
import { attachmentsOf, networkNamed } from "./network/attachments.ts";
import { volumeMounts } from "./volumes-of.ts";

/** A network as filters and events name it. */
export interface NamedNetwork {
  readonly name: string;
  readonly id: string;
  readonly type: string;
}

/** The networks that a container is to be on; none where it has another container's. One that is gone has no id. */
export function networksOf(context: ContainersContext, container: Container): NamedNetwork[] {
  return attachmentsOf(container).map(({ ref }) => {
    const network = networkNamed(context, ref);
    return { name: network?.name ?? ref, id: network?.id ?? "", type: network?.driver ?? "" };
  });
}

/** Events of a start beside its own: it is joined to its networks and has its volumes mounted, in Docker's order. */
export function emitJoined(context: ContainersContext, container: Container): void {
  for (const network of networksOf(context, container)) emitNetwork(context, container, "connect", network);
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
  for (const network of networksOf(context, container)) emitNetwork(context, container, "disconnect", network);
  for (const volume of run.volumes) {
    context.bus.emit("volume", "unmount", volume, { container: container.id, driver: "local" });
  }
}

/** A container has joined or left a network. */
export function emitNetwork(
  context: ContainersContext,
  container: Container,
  action: "connect" | "disconnect",
  { id, name, type }: NamedNetwork,
): void {
  context.bus.emit("network", action, id, { container: container.id, name, type });
}
