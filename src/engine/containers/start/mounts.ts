import { closeSync, existsSync, fstatSync } from "node:fs";
import { realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { doing, invalid, makeFolders, messageOf } from "../../../lib/index.ts";
import { bindMount, type ResolvedMount, tmpfsMount } from "../../../runtime/index.ts";
import type { MountRecord } from "../../../store/records/index.ts";
import { codeOf, MS, mount, O_PATH, openIn, readMounts } from "../../../system/index.ts";
import type { Container } from "../container.ts";
import type { ContainersContext } from "../context.ts";
import { checkPropagation } from "./propagation.ts";

/** What was mounted on the way to a start, to be unmounted when the run is over. */
export interface Pinned {
  folder: string;
  targets: string[];
}

/** The user's mounts as the runtime takes them; sources of -v are made where they are missing. */
export async function resolveMounts(
  context: ContainersContext,
  container: Container,
  pinned: Pinned,
): Promise<ResolvedMount[]> {
  const resolved: ResolvedMount[] = [];
  for (const asked of container.record.mounts) resolved.push(await resolve(context, asked, pinned));
  return resolved;
}

async function resolve(context: ContainersContext, asked: MountRecord, pinned: Pinned): Promise<ResolvedMount> {
  if (asked.type === "tmpfs") return tmpfsMount(asked.destination, asked.tmpfsData);
  return bindMount(
    {
      source: await sourceOf(context, asked, pinned),
      destination: asked.destination,
      readOnly: !asked.readWrite,
      // Docker leaves a volume's propagation to the runtime; private is what that comes to.
      propagation: asked.propagation === "" ? "rprivate" : asked.propagation,
      nonRecursive: asked.nonRecursive === true,
      readOnlyNonRecursive: asked.readOnlyNonRecursive === true,
      readOnlyForceRecursive: asked.readOnlyForceRecursive === true,
    },
    context.machine,
  );
}

async function sourceOf(context: ContainersContext, asked: MountRecord, pinned: Pinned): Promise<string> {
  if (asked.volume === undefined) {
    const source = await bindSource(asked);
    if (!asked.propagation.endsWith("private")) {
      checkPropagation(await realpath(source), asked.propagation, readMounts());
    }
    return source;
  }
  const data = context.volumes.dataPath(asked.volume);
  return asked.subpath === undefined ? data : pinSubpath(data, asked.subpath, pinned);
}

async function bindSource({ source, createSource }: MountRecord): Promise<string> {
  if (existsSync(source)) return source;
  if (!createSource) {
    throw invalid(`invalid mount config for type "bind": bind source path does not exist: ${source}`);
  }
  try {
    await makeFolders(source, 0o755);
  } catch (error) {
    throw doing(`error while creating mount source path '${source}'`, error);
  }
  return source;
}

/**
 * Binds a path inside a volume to a place of the engine's own. A container with the same volume can change links in it
 * at any moment: so the path is opened inside the volume and what was opened is mounted, not its name.
 */
async function pinSubpath(data: string, subpath: string, pinned: Pinned): Promise<string> {
  let fd: number;
  try {
    fd = openIn(data, subpath, O_PATH);
  } catch (error) {
    const why = codeOf(error) === "ENOENT" ? "no such file or directory" : messageOf(error);
    throw invalid(`cannot access path ${data}/${subpath}: ${why}`);
  }
  try {
    const target = join(pinned.folder, `subpath-${pinned.targets.length}`);
    if (fstatSync(fd).isDirectory()) await makeFolders(target, 0o700);
    else await writeFile(target, "", { mode: 0o600 });
    mount(`/proc/self/fd/${fd}`, target, undefined, MS.BIND | MS.REC);
    pinned.targets.push(target);
    return target;
  } finally {
    closeSync(fd);
  }
}
