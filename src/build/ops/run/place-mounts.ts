import { mkdirSync, statSync } from "node:fs";
import { posix } from "node:path";
import type { UndoStack } from "../../../lib/index.ts";
import { invalid } from "../../../lib/index.ts";
import { bindMount, mountPlaces, type ResolvedMount } from "../../../runtime/index.ts";
import { MS, mount as mountFs } from "../../../system/index.ts";
import type { StepsContext } from "./context.ts";
import { writeEtcFiles } from "./etc-files.ts";
import type { MountPoint } from "./mount-points.ts";
import { openMountRoot, pinSource } from "./pin-source.ts";
import { placeFile, placeSecrets } from "./secrets.ts";
import { placeSshSockets } from "./ssh-sockets.ts";
import type { BindRunMount, CacheRunMount, RunMount, Step, TmpfsRunMount } from "./step.ts";
import type { StepPlace } from "./step-place.ts";

export interface PlacedMounts {
  /** With destinations in which no link is left. */
  readonly mounts: ResolvedMount[];
  readonly points: MountPoint[];
  readonly env: string[];
}

interface Bind {
  source: string;
  target: string;
  readOnly: boolean;
  /** Flags that the source has been mounted with: a runtime that binds it drops them unless they are named. */
  flags?: string[];
}

/** Finds the sources of a step's mounts and holds them; the undo stack lets go of them. */
export async function placeMounts(
  context: StepsContext,
  place: StepPlace,
  step: Step,
  undo: UndoStack,
): Promise<PlacedMounts> {
  const wanted = step.mounts ?? [];
  const binds: Bind[] = writeEtcFiles(place, step, context.network).map((bind) => ({ ...bind, readOnly: true }));
  for (const each of wanted) {
    if (each.type === "bind") binds.push(placeBind(place, each));
    else if (each.type === "cache") binds.push(await placeCache(context, place, each, step.signal, undo));
    else if (each.type === "tmpfs") binds.push(placeTmpfs(place, each));
    else if (each.type === "file")
      binds.push({ ...placeFile(place, each), readOnly: true, flags: ["nosuid", "nodev"] });
  }
  const secrets = placeSecrets(place, ofType(wanted, "secret"));
  const ssh = await placeSshSockets(place, ofType(wanted, "ssh"), undo);
  binds.push(...secrets.binds.map((bind) => ({ ...bind, readOnly: true, flags: ["nosuid", "nodev", "noexec"] })));
  binds.push(...ssh.binds.map((bind) => ({ ...bind, readOnly: false })));
  return { ...resolve(context, step, lastOfEach(binds, step.cwd ?? "/")), env: [...secrets.env, ...ssh.env] };
}

function ofType<T extends RunMount["type"]>(mounts: readonly RunMount[], type: T) {
  return mounts.filter((each): each is Extract<RunMount, { type: T }> => each.type === type);
}

/** A mount of the user's takes the place of the engine's own file. */
function lastOfEach(binds: readonly Bind[], cwd: string): Bind[] {
  const byTarget = new Map(binds.map((bind) => [posix.resolve("/", cwd, bind.target), bind]));
  return [...byTarget].map(([target, bind]) => ({ ...bind, target }));
}

function resolve({ machine }: StepsContext, step: Step, binds: readonly Bind[]): Omit<PlacedMounts, "env"> {
  const asked = binds.map(({ source, target }) => ({ type: "volume" as const, source, destination: target }));
  const places = mountPlaces(step.rootfs, asked);
  const mounts = binds.map(({ source, target, readOnly, flags = [] }, index) => {
    const mount = bindMount({ source, destination: places[index] ?? target, readOnly }, machine);
    return { ...mount, options: [...mount.options, ...flags] };
  });
  // What is below the kernel's file systems is made in them, by the runtime.
  const inRoot = mounts.filter(({ destination }) => !/^\/(?:dev|proc|sys)\//.test(destination));
  const points = inRoot.map(({ source, destination }) => ({
    place: destination,
    kind: statSync(source).isDirectory() ? ("directory" as const) : ("file" as const),
  }));
  return { mounts, points };
}

function placeBind(place: StepPlace, { from, source = "/", target, readWrite = false }: BindRunMount): Bind {
  const root = openMountRoot(place, from, readWrite);
  return { source: pinSource(place, root, source), target, readOnly: !readWrite };
}

async function placeCache(
  context: StepsContext,
  place: StepPlace,
  cache: CacheRunMount,
  signal: AbortSignal,
  undo: UndoStack,
): Promise<Bind> {
  const { from, source } = cache;
  const fill =
    from === undefined
      ? undefined
      : (target: string) =>
          context.trees.copyUp(
            { sourceRoot: openMountRoot(place, from, false), sourcePath: source ?? "/", target },
            signal,
          );
  const lease = await context.caches.acquire(cache, fill, signal);
  undo.push("give back a cache", () => lease.release());
  // With `from`, `source` is where the cache begins; without, a folder in it.
  const inside = from === undefined ? (source ?? "/") : "/";
  if (cache.target === "") throw invalid("a cache mount needs a target");
  return { source: pinSource(place, lease.path, inside), target: cache.target, readOnly: cache.readOnly ?? false };
}

/** Mounted here, so that it has BuildKit's options: programs in it can be run. */
function placeTmpfs(place: StepPlace, { size, target }: TmpfsRunMount): Bind {
  const source = place.next("tmpfs");
  mkdirSync(source, { mode: 0o700 });
  mountFs("tmpfs", source, "tmpfs", MS.NOSUID, size === undefined ? undefined : `size=${size}`);
  place.mounted(source);
  return { source, target, readOnly: false, flags: ["nosuid"] };
}
