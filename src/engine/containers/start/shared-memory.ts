import { join } from "node:path";
import { makeFolders } from "../../../lib/index.ts";
import { containerOf } from "../../../runtime/index.ts";
import { MS, mount } from "../../../system/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import type { Pinned } from "./mounts.ts";

const shmFolder = (context: ContainersContext, id: string) => join(context.runs.folder(id), "shm");

/**
 * The tmpfs that stands for /dev/shm where it is shared: with --ipc shareable one that is mounted here, with --ipc
 * container:x that of x. undefined where the runtime makes one of the container's own.
 */
export async function shmPathOf(
  context: ContainersContext,
  container: Container,
  pinned: Pinned,
): Promise<string | undefined> {
  const { IpcMode: mode = "", ShmSize: size = 0 } = container.record.hostConfig;
  const owner = containerOf(mode);
  if (owner !== undefined) return shmFolder(context, owner);
  if (mode !== "shareable") return undefined;
  const target = shmFolder(context, container.id);
  await makeFolders(target, 0o700);
  mount("shm", target, "tmpfs", MS.NOSUID | MS.NOEXEC | MS.NODEV, `mode=1777,size=${size}`);
  pinned.targets.push(target);
  return target;
}
