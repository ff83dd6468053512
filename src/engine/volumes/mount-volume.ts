import { doing } from "../../lib/index.ts";
import { parseLocalOptions } from "./local-options.ts";
import type { VolumesContext } from "./volumes-context.ts";

/**
 * File systems of volumes with driver options: mounted for the first container that starts with them, unmounted after
 * the last. A plain folder needs neither.
 */
export function createVolumeMounts(context: Omit<VolumesContext, "hold">) {
  const holders = new Map<string, Set<string>>();
  return {
    holders: (name: string): string[] => [...(holders.get(name) ?? [])],
    mount: (name: string, containerId: string) =>
      context.queue(name, async () => {
        const held = holders.get(name) ?? new Set();
        const wanted = parseLocalOptions(name, context.store.get(name)?.options ?? null);
        const target = context.store.dataPath(name);
        // After a restart of the daemon nobody holds it, and it is mounted all the same.
        if (wanted && held.size === 0 && !context.mounts.isMounted(target)) {
          try {
            context.mounts.mount(wanted, target);
          } catch (error) {
            throw doing(`error while mounting volume '${target}': failed to mount local volume`, error);
          }
        }
        holders.set(name, held.add(containerId));
      }),
    unmount: (name: string, containerId: string) =>
      context.queue(name, async () => {
        const held = holders.get(name);
        held?.delete(containerId);
        if (held !== undefined && held.size > 0) return;
        holders.delete(name);
        if (context.store.get(name)?.options) context.mounts.unmount(context.store.dataPath(name));
      }),
  };
}
