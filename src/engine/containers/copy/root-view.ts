import { closeSync } from "node:fs";
import { join } from "node:path";
import { conflict, deferred, randomHex, UndoStack } from "../../../lib/index.ts";
import { isAlive, openRoot } from "../../../system/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { rootfsOf } from "../start/launch.ts";
import { mountAll } from "./mount-all.ts";

/** A container's root, open to look into. */
export interface RootView {
  /** Descriptor of the root; every path goes through openIn from here. */
  readonly root: number;
  /** Ends the look. Once is enough; later calls do nothing. */
  close(): Promise<void>;
}

export interface ViewOptions {
  /** With what is mounted in the container, as its processes see it, or its own file system alone. */
  mounts: boolean;
  /** Whether something may be written, so that it has to reach the disk. */
  write: boolean;
}

/**
 * Opens a container's root. Of a running one it is the root of its first process, so that every mount in it is seen;
 * nothing of the container is held up. A stopped one gets its root mounted for the time being, its volumes and binds in it; whatever
 * else wants to change the container waits in its queue until the view is closed.
 */
export function openView(context: ContainersContext, container: Container, options: ViewOptions): Promise<RootView> {
  const opened = deferred<RootView>();
  const work = async () => {
    if (container.run !== undefined) return opened.resolve(runningView(context, container, options));
    const closed = deferred<void>();
    const undo = new UndoStack();
    try {
      opened.resolve(viewOf(await mountStopped(context, container, options, undo), async () => closed.resolve()));
      await closed.promise;
    } finally {
      for (const failure of await undo.unwind()) context.warn(`container ${container.id}: ${failure.message}`);
    }
  };
  container.queue(work).catch(opened.reject);
  return opened.promise;
}

function viewOf(root: number, after: () => Promise<void> = async () => {}): RootView {
  let open = true;
  return {
    root,
    close: async () => {
      if (!open) return;
      open = false;
      closeSync(root);
      await after();
    },
  };
}

function runningView(context: ContainersContext, container: Container, { mounts }: ViewOptions): RootView {
  const { run } = container;
  if (run === undefined) throw conflict(`container ${container.id} is not running`);
  if (!mounts) return viewOf(openRoot(rootfsOf(context, container.id)));
  const { pid, pidStart } = run.handle;
  const root = openRoot(`/proc/${pid}/root`);
  // Opened first, compared second: it was that process then if it still is now.
  if (isAlive(pid, pidStart)) return viewOf(root);
  closeSync(root);
  throw conflict(`container ${container.id} is not running`);
}

/** Everything is set up under a name of its own, which start-up recovery clears like that of any unknown container. */
async function mountStopped(
  context: ContainersContext,
  container: Container,
  options: ViewOptions,
  undo: UndoStack,
): Promise<number> {
  const { runs, snapshots } = context;
  const view = randomHex(32);
  await runs.makeFolder(view);
  undo.push("remove the view's folder", () => runs.remove(view));
  const target = join(runs.folder(view), "rootfs");
  undo.push("unmount the view", () => snapshots.unmount(target));
  await snapshots.mount({
    containerFolder: context.records.folder(container.id),
    chainIds: container.record.chainIds,
    target,
    volatile: !options.write || container.record.hostConfig.AutoRemove === true,
  });
  if (options.mounts) await mountAll(context, container, { target, folder: runs.folder(view), user: view }, undo);
  return openRoot(target);
}
