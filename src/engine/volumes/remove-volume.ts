import { conflict, notFound } from "../../lib/index.ts";
import { emitVolume, type VolumesContext } from "./volumes-context.ts";

/** DELETE /volumes/{name}. With force a missing volume is no error; one in use always is. */
export async function removeVolume(
  context: VolumesContext,
  name: string,
  { force }: { force: boolean },
): Promise<void> {
  if (context.store.get(name) === undefined) {
    if (force) return;
    throw notFound(`get ${name}: no such volume`);
  }
  await context.queue(name, async () => {
    if (context.store.get(name) === undefined) return;
    const users = context.usersOf(name);
    if (users.length > 0) throw conflict(`remove ${name}: volume is in use - [${users.join(", ")}]`);
    await discard(context, name);
  });
}

/** The same for a volume that goes with its container: one that another container uses stays. */
export async function discardVolume(context: VolumesContext, name: string): Promise<void> {
  await context.queue(name, async () => {
    if (context.store.get(name) !== undefined && context.usersOf(name).length === 0) await discard(context, name);
  });
}

async function discard(context: VolumesContext, name: string): Promise<void> {
  context.mounts.unmount(context.store.dataPath(name));
  const rest = await context.store.discard(name);
  context.background(`remove the files of volume ${name}`, () => context.removeTree(rest));
  emitVolume(context, "destroy", name);
}
